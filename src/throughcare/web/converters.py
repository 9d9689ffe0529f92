"""How ids stand in addresses."""

from django.urls.converters import IntConverter


class IdConverter(IntConverter):
    """An id: a whole number that a database column can hold."""

    regex = "[0-9]{1,18}"
