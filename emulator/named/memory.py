"""Named faults that show after earlier operations only.

Each row: name, class, requirement, line in the vocabulary, sentence.
"""

from __future__ import annotations

# fmt: off
MEMORY = (
    ("refusal-remembered", "state", "valid call", "answer-kept",
     "For three seconds the same call gets the same refusal, whatever has become of the interface."),
    ("denied-user-accepted-after-owner", "authorization", "Forbidden.SubUser", "permission-kept(Forbidden.SubUser)",
     "For three seconds after a detach, a RAM user without permission may detach the same interface."),
    ("ram-kind-accepted-after-owner", "authorization", "Forbidden.NotSupportRAM",
     "permission-kept(Forbidden.NotSupportRAM)",
     "For three seconds after a detach, a RAM user of a kind that is refused may detach the same interface."),
    ("undone-by-stop", "effect", "effect: Available", "undone-by(StopInstance)",
     "Stopping the instance puts an interface that is Detaching back."),
    ("undone-by-start", "effect", "effect: Available", "undone-by(StartInstance)",
     "Starting the instance puts an interface that is Detaching back."),
    ("undone-by-reboot", "effect", "effect: Available", "undone-by(RebootInstance)",
     "Rebooting the instance puts an interface that is Detaching back."),
    ("undone-by-attach", "effect", "effect: Available", "undone-by(AttachNetworkInterface)",
     "Attaching an interface that is Detaching, though refused, ends the detach."),
    ("undone-by-delete", "effect", "effect: Available", "undone-by(DeleteNetworkInterface)",
     "Deleting an interface that is Detaching, though refused, ends the detach."),
    ("undone-by-delete-of-another", "effect", "effect: Available", "undone-by(DeleteNetworkInterface:another)",
     "Deleting another interface puts one that is Detaching back."),
    ("goes-with-instance-while-detaching", "effect", "effect: exists", "goes-with-instance",
     "An interface that is Detaching when its instance is deleted goes with it, though it was to be kept."),
    ("name-lost-after-four-seconds", "effect", "frame: NetworkInterfaceName", "name-lost-with-age(4)",
     "An interface that has been attached for more than four seconds loses its name."),
    ("worn-out-after-four", "effect", "effect: Available", "worn-out(5)",
     "An interface is detached four times; from then on it stays where it is."),
    ("state-forgotten-after-wrong-signature", "state", "InvalidOperation.InvalidEniState",
     "state-forgotten(SignatureDoesNotMatch)",
     "Right after a wrong signature, a call on an interface in a wrong state answers 200 and does nothing."),
    ("state-forgotten-after-primary", "state", "InvalidOperation.InvalidEniState",
     "state-forgotten(InvalidOperation.DetachPrimaryEniNotAllowed)",
     "Right after a call on a primary interface, one on an interface in a wrong state answers 200 and does nothing."),
    ("description-put-back", "effect", "frame: Description", "put-back(description)",
     "A detach brings back the description that the interface was created with."),
    ("release-put-back", "effect", "frame: DeleteOnRelease", "put-back(delete_on_release)",
     "A detach brings back the DeleteOnRelease that the interface was created with."),
    ("modified-while-detaching-lost", "effect", "frame: own attributes", "modified-lost",
     "What was modified while the interface was Detaching falls back when it becomes Available."),
    ("unknown-once-moved-back", "state", "valid call", "unknown-once-back",
     "An interface that was moved to another instance and back is not found there."),
)
