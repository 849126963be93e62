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
    const text = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

    const apply = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const wanted = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
      let count = 0;
      for (const row of rows) {
        const hit = wanted.has(row.dataset.verdict) && words.every((word) => text.get(row).includes(word));
        row.hidden = !hit;
        count += hit;
      }
      for (const body of matrix.tBodies) body.hidden = !body.querySelector("tr.row:not([hidden])");
      shown.textContent = count + " of " + rows.length + " shown";
    };
    const only = (verdict) => {
      const exists = boxes.some((box) => box.value === verdict);
      for (const box of boxes) box.checked = !exists || box.value === verdict;
      search.value = "";
      apply();
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

    for (const head of all("thead th[data-sort]", matrix)) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      const column = head.cellIndex;
      const numeric = head.dataset.sort !== "text";
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        for (const other of all("thead th", matrix)) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        for (const body of matrix.tBodies) {
          const value = (row) => row.cells[column].dataset.value;
          const order = all("tr.row", body).sort((a, b) =>
            numeric ? value(a) - value(b) : value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0);
          if (down) order.reverse();
          body.append(...order);
        }
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
      if (target.classList.contains("row") && target.hidden) only("");
      for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
      if (target.classList.contains("row")) target.querySelector("details").open = true;
      target.scrollIntoView();
    };
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
