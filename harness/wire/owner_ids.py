"""The ids of customers as the owners of rows show them: numbers, or ids in a form of the API's own."""

from __future__ import annotations

from harness.specification.model import IdForm, Listing
from harness.wire.id_forms import attribute_value, shown_id
from harness.wire.row_codec import field_at

_CUSTOMER = "customer_id"


def _owner_form(listing: Listing) -> IdForm | str | None:
    owners = listing.scope.owners if listing.scope is not None else ()
    fields = [field_at(listing.fields, path) for path in owners]
    return next((field.form for field in fields if field is not None and field.form is not None), None)


def shown_customer(listing: Listing, customer: int) -> int | str:
    """The id of a customer as the owners of rows show it."""
    form = _owner_form(listing)
    return customer if form is None else shown_id(form, _CUSTOMER, customer)


def customer_named(listing: Listing, text: str) -> int | None:
    """The customer whose id a text is; None for a text that is no id."""
    form = _owner_form(listing)
    if form is not None:
        found = attribute_value(form, _CUSTOMER, text)
        return found if isinstance(found, int) else None
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
