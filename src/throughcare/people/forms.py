"""Questions about a person that pages of several rooms ask."""

from django import forms
from django.conf import settings

from throughcare.reference.areas import area_choices


class AreaField(forms.ChoiceField):
    """An area that commissions treatment, chosen by name."""

    def __init__(self, *, required: bool) -> None:
        super().__init__(
            label="Area they live in or return to",
            help_text="If somebody leaves prison with nothing ready, the treatment service of this area is asked.",
            required=required,
            choices=lambda: [("", "Not known"), *area_choices(made_up=settings.MADE_UP)],
        )
