"""Witnesses of faults that show where detaches overlap."""

from __future__ import annotations

import threading
from collections.abc import Callable

from emulator_client import Answer, Client
from emulator_worlds import UNKNOWN_INSTANCE, World, build, rich, slots_taken

Witness = Callable[[Client], bool]
Seen = Callable[[World, list[Answer]], bool]


def together(client: Client, *calls: tuple[str, str]) -> list[Answer]:
    """Detach these pairs of interface and instance at the same time."""
    answers: list[Answer] = []
    barrier = threading.Barrier(len(calls))

    def run(eni: str, instance: str) -> None:
        own = Client(client.url, client.key, client.region)
        own.control("stats")
        barrier.wait()
        answers.append(own.detach(eni, instance))
        own.close()

    threads = [threading.Thread(target=run, args=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def in_turn(client: Client, *calls: tuple[str, str]) -> list[Answer]:
    """Detach these pairs, each as soon as the one before has arrived, whether or not it was answered yet."""
    answers: list[Answer] = []

    def arrived() -> int:
        return int(client.control("stats")["calls"].get("DetachNetworkInterface", 0))

    def run(own: Client, eni: str, instance: str) -> None:
        answers.append(own.detach(eni, instance))
        own.close()

    clients = [Client(client.url, client.key, client.region) for _ in calls]
    for own in clients:
        own.control("stats")
    threads = [threading.Thread(target=run, args=(own, *call)) for own, call in zip(clients, calls, strict=True)]
    for thread in threads:
        before = arrived()
        thread.start()
        while thread.is_alive() and arrived() == before:
            pass
    for thread in threads:
        thread.join()
    return answers


def parallel_same(seen: Seen) -> Witness:
    def witness(client: Client) -> bool:
        made = build(client, type="ecs.g6.large")
        answers = together(client, (made.eni, made.instance), (made.eni, made.instance))
        client.settle()
        return seen(made, answers)

    return witness


def parallel_siblings(seen: Seen) -> Witness:
    def witness(client: Client) -> bool:
        made = rich(client, siblings=1)
        answers = together(client, (made.eni, made.instance), (made.others[0], made.instance))
        client.settle()
        return seen(made, answers)

    return witness


def _statuses(made: World) -> list[str]:
    return [made.client.show(eni)["Status"] for eni in (made.eni, *made.others)]


def wrong_instance(client: Client) -> bool:
    """The call that names another instance is accepted beside the right one, and refused by itself."""
    made = build(client)
    other = client.instance(made.network)
    assert made.detach(instance=other).status == 400
    right, wrong = sorted(in_turn(client, (made.eni, made.instance), (made.eni, other)), key=lambda one: one.status)
    assert right.status == 200
    client.settle()
    assert made.show()["Status"] == "Available"
    return wrong.status == 200


def undone_beside_refusal(client: Client) -> bool:
    """A detach beside one of an unknown instance, which comes before or after it, gets 200, and nothing comes of it."""

    def undone(refused_first: bool) -> bool:
        made = build(client, siblings=1)
        good, bad = (made.eni, made.instance), (made.others[0], UNKNOWN_INSTANCE)
        answers = in_turn(client, *((bad, good) if refused_first else (good, bad)))
        assert sorted(answer.status for answer in answers) == [200, 404]
        client.settle()
        left = made.show()["Status"]
        made.leave()
        assert made.show()["Status"] == "Available"
        return bool(left == "InUse")

    before, after = undone(True), undone(False)
    assert before == after
    return before


def third_lost(client: Client) -> bool:
    """Of three interfaces the one whose call came last stays; two alone are detached."""
    made = build(client, siblings=2)
    calls = [(eni, made.instance) for eni in (made.eni, *made.others)]
    assert {answer.status for answer in in_turn(client, *calls)} == {200}
    client.settle()
    assert _statuses(made)[:2] == ["Available", "Available"]
    return _statuses(made)[2] == "InUse"


def modification_lost(client: Client) -> bool:
    """Modified while the call was under way, it is described as before; modified afterwards, it is not."""
    made = build(client, Description="first")
    modified = {"NetworkInterfaceId": made.eni, "Description": "second"}
    own, other = (Client(client.url, client.key, client.region) for _ in range(2))
    thread = threading.Thread(target=own.detach, args=(made.eni, made.instance))
    before = client.control("stats")["calls"].get("DetachNetworkInterface", 0)
    thread.start()
    while client.control("stats")["calls"].get("DetachNetworkInterface", 0) == before:
        pass
    other.ok("ModifyNetworkInterfaceAttribute", modified)
    thread.join()
    own.close()
    client.settle()
    found = made.show()["Description"]
    other.ok("ModifyNetworkInterfaceAttribute", modified)
    other.close()
    assert made.show()["Description"] == "second"
    return bool(found == "first")


PARALLEL: dict[str, Witness] = {
    "parallel-modification-lost": modification_lost,
    "parallel-same-crashes": parallel_same(lambda made, answers: any(a.status == 500 for a in answers)),
    "parallel-sibling-conflict": parallel_siblings(lambda made, answers: any(a.status == 403 for a in answers)),
    "parallel-first-lost": parallel_siblings(lambda made, answers: "InUse" in _statuses(made)),
    "parallel-sticks": parallel_siblings(lambda made, answers: "Detaching" in _statuses(made)),
    "parallel-tags-lost": parallel_siblings(
        lambda made, answers: not made.show()["Tags"]["Tag"] or not made.client.show(made.others[0])["Tags"]["Tag"]
    ),
    "parallel-slot-won": parallel_same(lambda made, answers: slots_taken(made) == 2),
    "parallel-slot-lost": parallel_same(lambda made, answers: slots_taken(made) == 0),
    "parallel-request-id-shared": parallel_siblings(
        lambda made, answers: len({answer.fields["RequestId"] for answer in answers}) == 1
    ),
    "parallel-siblings-slot-lost": parallel_siblings(lambda made, answers: slots_taken(made) == 2),
    "parallel-wrong-instance-accepted": wrong_instance,
    "parallel-refused-beside-undone": undone_beside_refusal,
    "parallel-third-lost": third_lost,
}
