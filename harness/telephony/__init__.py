"""What a call is: pure values, no HTTP, no files, no clock."""

from harness.telephony.attributes import ATTRIBUTES, IDENTITY, Attribute, Grain, Kind

__all__ = ["ATTRIBUTES", "IDENTITY", "Attribute", "Grain", "Kind"]
