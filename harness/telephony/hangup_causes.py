"""Hang-up causes: how a call ended for the network, by the numbers of ITU-T Q.850."""

from __future__ import annotations

from enum import IntEnum

from harness.telephony.enums import Disposition


class HangupCause(IntEnum):
    """The causes that a world uses; the number is that of Q.850."""

    UNALLOCATED_NUMBER = 1
    NO_ROUTE_TO_DESTINATION = 3
    NORMAL_CLEARING = 16
    USER_BUSY = 17
    NO_USER_RESPONSE = 18
    NO_ANSWER = 19
    CALL_REJECTED = 21
    DESTINATION_OUT_OF_ORDER = 27
    NORMAL_UNSPECIFIED = 31
    NO_CIRCUIT_AVAILABLE = 34
    NETWORK_OUT_OF_ORDER = 38
    TEMPORARY_FAILURE = 41

    @property
    def text(self) -> str:
        """The code and its description: `16 Normal clearing`."""
        return f"{self.value} {self.name.replace('_', ' ').capitalize()}"

    @staticmethod
    def of(disposition: Disposition) -> HangupCause:
        """The usual cause of a disposition."""
        match disposition:
            case Disposition.ANSWERED | Disposition.CANCELLED:
                return HangupCause.NORMAL_CLEARING
            case Disposition.NO_ANSWER:
                return HangupCause.NO_ANSWER
            case Disposition.BUSY:
                return HangupCause.USER_BUSY
            case Disposition.FAILED:
                return HangupCause.TEMPORARY_FAILURE
