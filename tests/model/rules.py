"""The rules of the write path, each a switch: with all of them the model holds, and a needed one left out breaks it.

Numbers are those of the design. A rule with more than one part has a switch for each part, so that each is shown needed.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """All on is the protocol."""

    r1_release_by_request_id: bool = True
    """A waiter is released by its request id in what was recorded; else by any position at or after its own."""

    r2_duplicate_waits: bool = True
    """'Seen before' is no acknowledgement; else a repeat is acknowledged at once."""

    r2_answer_of_the_record: bool = True
    """Who is recorded at another position than it committed at is answered from the record; else with its own plan."""

    r2_existing_order_is_recorded: bool = True
    """ORDER_EXISTS is said of recorded orders only; else of those that were merely committed."""

    r3_new_epoch: bool = True
    """Positions of an opening begin with its epoch; else they count on from what the store holds."""

    r3_opening_is_recorded: bool = True
    """The ledger records an opening before the gate is open, as what the log goes on from; else it knows of entries alone."""

    r3_old_tokens_are_looked_up: bool = True
    """A position of an ended epoch is looked up in the ledger, and shown only where the epoch at hand was opened after it;
    else it is only compared with that of the stock in memory."""

    r3_lost_is_looked_up: bool = True
    """POSITION_LOST only of ended epochs and of what is not recorded; else of all that is ahead of the log at hand."""

    r4_fence: bool = True
    """The ledger records only for the last that took over, and only after the entry that it knows as the last."""

    r5_reconcile: bool = True
    """A store that does not hold the ledger's last entry is rebuilt; else it goes on from what it has."""

    r5_stamp_of_this_server: bool = True
    """What is filled and opened is refused on a server that was restarted or promoted since the stamp; else not."""

    r5_opened_at_the_last_entry: bool = True
    """A store that goes on is opened only where its log ends with the ledger's last entry; else wherever it ends."""

    r6_script_vets_server: bool = True
    """The gate counts only on the very server for which it was opened; else wherever its copy is."""

    r7_requests_are_remembered: bool = True
    """The store refuses ids that it has seen, and has them again after a rebuild; else it asks nothing."""

    r7_old_ids_are_looked_up: bool = True
    """An id older than the store remembers is looked up in the ledger first, in the epoch that it is committed in."""

    r7_refused_ids_are_looked_up: bool = True
    """A refusal is said of ids only that are not recorded; else of all that the store at hand has not seen."""

    r8_tombstone: bool = True
    """Calling off leaves an entry that refuses what comes later; else it tells what the ledger knows."""

    r9_lag_is_bounded: bool = True
    """Commits are refused while many wait for the record."""


ALL = Rules()
