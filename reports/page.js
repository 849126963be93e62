"use strict";
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const matrix = document.getElementById("matrix");

  if (matrix) {
    const tools = document.getElementById("tools");
    const search = document.getElementById("search");
    const shown = document.getElementById("shown");
    const boxes = all("input[name=verdict]", tools);
    const rows = all("tr.row", matrix);
    const groups = Array.from(matrix.tBodies);
    const home = new Map(rows.map((row) => [row, row.parentNode]));
    const findings = all("article.finding");
    const entries = all(".index li");
    const text = new Map([...rows, ...findings].map((node) => [node, node.textContent.toLowerCase()]));
    const heads = all("thead th[data-sort]", matrix);
    const flat = document.createElement("tbody");
    let sorted = "";

    // What is searched, shown and sorted stands in the address, so that it can be sent to somebody.
    const remember = () => {
      const told = new URLSearchParams();
      const wanted = boxes.filter((box) => box.checked).map((box) => box.value);
      if (search.value) told.set("q", search.value);
      if (wanted.length < boxes.length) told.set("show", wanted.join(" "));
      if (sorted) told.set("sort", sorted);
      const query = told.toString();
      try {
        history.replaceState(null, "", location.pathname + (query ? "?" + query : "") + location.hash);
      } catch (error) {
        return;
      }
    };
    const apply = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const wanted = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
      const says = (node) => words.every((word) => text.get(node).includes(word));
      let count = 0;
      for (const row of rows) {
        const hit = wanted.has(row.dataset.verdict) && says(row);
        row.hidden = !hit;
        count += hit;
      }
      const told = new Set(findings.filter(says).map((node) => node.id));
      for (const node of findings) node.hidden = !told.has(node.id);
      for (const entry of entries) entry.hidden = !told.has(entry.querySelector("a").hash.slice(1));
      for (const body of matrix.tBodies) body.hidden = !body.querySelector("tr.row:not([hidden])");
      const also = words.length && findings.length ? ", " + told.size + " of " + findings.length + " findings" : "";
      shown.textContent = count + " of " + rows.length + " shown" + also;
      remember();
    };
    const only = (verdict) => {
      const exists = boxes.some((box) => box.value === verdict);
      for (const box of boxes) box.checked = !exists || box.value === verdict;
      search.value = "";
      apply();
    };
    // By a column all rows stand together, whatever their group; without one each stands in its group.
    const sort = (how) => {
      const [name, direction] = how.split(" ");
      const head = heads.find((one) => one.dataset.name === name);
      sorted = head ? how : "";
      for (const other of heads) other.removeAttribute("aria-sort");
      if (!head) {
        flat.remove();
        for (const row of rows) home.get(row).append(row);
        return;
      }
      head.setAttribute("aria-sort", direction === "down" ? "descending" : "ascending");
      const numeric = head.dataset.sort !== "text";
      const value = (row) => row.cells[head.cellIndex].dataset.value;
      const order = [...rows].sort((a, b) =>
        numeric ? value(a) - value(b) : value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0);
      if (direction === "down") order.reverse();
      flat.append(...order);
      if (flat.parentNode !== matrix) matrix.insertBefore(flat, groups[0]);
    };

    tools.hidden = false;
    tools.addEventListener("submit", (event) => event.preventDefault());
    search.addEventListener("input", apply);
    for (const box of boxes) box.addEventListener("change", apply);
    for (const link of all("a[data-show]")) link.addEventListener("click", () => only(link.dataset.show));
    document.addEventListener("keydown", (event) => {
      const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName || "");
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        search.focus();
      }
      if (event.key === "Escape" && event.target === search) {
        search.value = "";
        apply();
      }
    });

    for (const head of heads) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const next = { "": "up", ascending: "down", descending: "" }[head.getAttribute("aria-sort") || ""];
        sort(next ? head.dataset.name + " " + next : "");
        apply();
      });
    }

    const reveal = () => {
      let target = null;
      try {
        target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
      } catch (error) {
        return;
      }
      if (!target) return;
      if (target.hidden) only("");
      for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
      if (target.classList.contains("row")) target.querySelector("details").open = true;
      target.scrollIntoView();
    };
    const told = new URLSearchParams(location.search);
    search.value = told.get("q") || "";
    if (told.has("show")) {
      const wanted = new Set(told.get("show").split(" "));
      for (const box of boxes) box.checked = wanted.has(box.value);
    }
    sort(told.get("sort") || (rows.some((row) => row.dataset.verdict === "violated") ? "verdict up" : ""));
    apply();
    window.addEventListener("hashchange", reveal);
    reveal();
  }

  if (navigator.clipboard) {
    for (const box of all(".code-box")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = "Copy";
      button.addEventListener("click", () => {
        navigator.clipboard.writeText(box.querySelector("code").textContent).then(
          () => { button.textContent = "Copied"; },
          () => { button.textContent = "Not allowed"; },
        );
        setTimeout(() => { button.textContent = "Copy"; }, 1500);
      });
      box.append(button);
    }
  }

  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = all("details.repeat:not([open])");
    for (const node of closed) node.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const node of closed) node.open = false;
  });
})();
