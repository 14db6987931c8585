"""A text before or after a visit as a form: rows of sentences, and of points on a timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.web.addresses import key_in
from treatments import claims
from treatments.models import Instruction, InstructionKind, InstructionVersion
from treatments.models.instructions import HOURS_AT_MOST

LINE, STEP = "line", "step"
ROWS_AT_MOST = 40  # of either kind; more is nobody's reading
LONGEST_LINE = 400


def validate_claims(text: str) -> None:
    """Raise ValidationError, with the sentence to use instead, where `text` claims too much."""
    if said := claims.sentences(text, is_care=True):
        raise ValidationError(said)


class LineForm(forms.Form):
    """One sentence of a text."""

    text = forms.CharField(
        max_length=LONGEST_LINE,
        validators=[validate_claims],
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": gettext_lazy("Write the sentence, or remove the row.")},
    )

    def value(self) -> str:
        """Return the sentence on one line."""
        return " ".join(self.cleaned_data["text"].split())


class StepForm(forms.Form):
    """One point of a timeline; `kind` says on which side of the visit its hours lie."""

    when = forms.CharField(
        label=gettext_lazy("When, in words"),
        max_length=60,
        validators=[validate_claims],
        error_messages={"required": gettext_lazy("Say when, such as “3 days before”.")},
    )
    hours = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=HOURS_AT_MOST,
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value"),
            gettext_lazy("Enter whole hours, from 0 to 1440, or nothing."),
        ),
    )
    do = forms.CharField(
        label=gettext_lazy("What to do"),
        max_length=LONGEST_LINE,
        validators=[validate_claims],
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": gettext_lazy("Say what to do, or remove the row.")},
    )

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sign = -1 if kind == InstructionKind.PREP else 1
        self.fields["hours"].label = (
            _("Hours before the visit") if self.sign < 0 else _("Hours after the visit")
        )
        self.fields["hours"].help_text = _("By the clock on the wall; nothing where it has no day.")

    def value(self) -> dict[str, Any]:
        """Return the step as a version stores it."""
        typed = self.cleaned_data
        step = {"when": " ".join(typed["when"].split()), "do": " ".join(typed["do"].split())}
        return step if typed["hours"] is None else step | {"hours": self.sign * typed["hours"]}


class WordingForm(forms.Form):
    """What belongs to the whole text."""

    short = forms.CharField(
        label=gettext_lazy("In one line"),
        max_length=200,
        required=False,
        validators=[validate_claims],
        help_text=gettext_lazy("For the reminder on the day before."),
    )
    note = forms.CharField(
        label=gettext_lazy("What is new"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("For the medical lead, who reads it beside the text."),
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False)


class Editor:
    """All of a text: the form of the whole, and a form for each row of either kind."""

    def __init__(
        self, *, kind: str, data: Mapping[str, Any] | None = None, initial: Mapping[str, Any]
    ) -> None:
        self.kind = kind
        self.form = WordingForm(data, initial=dict(initial))
        if data is None:
            self.lines = [self._line(i, {"text": text}) for i, text in enumerate(initial["lines"])]
            self.steps = [self._step(i, _shown(step)) for i, step in enumerate(initial["steps"])]
        else:
            self.lines = [self._line(i, data=data) for i in range(_count(data, LINE))]
            self.steps = [self._step(i, data=data) for i in range(_count(data, STEP))]

    def press(self, asked: str) -> Editor:
        """Return the editor after a press on a row's button; what is typed stays as it is.

        `asked` is "line-add", or "step-up-2", "step-down-2", "step-remove-2". The row that moved,
        or the new one, takes the focus.
        """
        rows = {
            LINE: [{"text": row["text"].value()} for row in self.lines],
            STEP: [
                {name: row[name].value() for name in ("when", "hours", "do")} for row in self.steps
            ],
        }
        kind, _dash, what = asked.partition("-")
        focus = _changed(rows[kind], *what.split("-", 1)) if kind in rows else None
        whole = {name: self.form[name].value() for name in ("short", "note", "seen")}
        editor = Editor(kind=self.kind, initial={**whole, "lines": (), "steps": ()})
        editor.lines = [editor._line(i, row) for i, row in enumerate(rows[LINE])]
        editor.steps = [editor._step(i, row) for i, row in enumerate(rows[STEP])]
        forms_of: dict[str, Sequence[forms.Form]] = {LINE: editor.lines, STEP: editor.steps}
        if focus is not None:
            first = next(iter(forms_of[kind][focus].fields.values()))
            first.widget.attrs["autofocus"] = True
        return editor

    def is_valid(self) -> bool:
        """Whether it can be saved; says beside each row why not."""
        if not self.lines:
            self.form.add_error(None, _("Write at least one sentence."))
        return not [form for form in self.forms if not form.is_valid()]

    @property
    def forms(self) -> list[forms.Form]:
        """Every form of it, for a summary of what is to be put right."""
        return [self.form, *self.lines, *self.steps]

    def values(self) -> dict[str, Any]:
        """Return what a version stores."""
        return {
            "short": self.form.cleaned_data["short"],
            "note": self.form.cleaned_data["note"],
            "lines": [row.value() for row in self.lines],
            "steps": [row.value() for row in self.steps],
        }

    def typed(self, instruction: Instruction) -> InstructionVersion:
        """Return a version as typed, for a preview; what is not right yet is left out."""
        return InstructionVersion(
            instruction=instruction,
            lines=[row["text"].value() for row in self.lines if row["text"].value()],
            steps=[row.value() for row in self.steps if row.is_valid()],
            short=self.form["short"].value() or "",
        )

    def _line(self, index: int, initial: Any = None, data: Any = None) -> LineForm:
        form = LineForm(data, prefix=f"{LINE}-{index}", initial=initial)
        form.fields["text"].label = _("Sentence %(number)d") % {"number": index + 1}
        return form

    def _step(self, index: int, initial: Any = None, data: Any = None) -> StepForm:
        return StepForm(data, prefix=f"{STEP}-{index}", initial=initial, kind=self.kind)


class TextForm(forms.ModelForm):
    """A new text, before anything of it is written."""

    class Meta:
        model = Instruction
        fields = ("code", "kind", "name")
        help_texts = {
            "code": gettext_lazy("Short, for the catalogue: P- before a visit, A- after it."),
        }

    def clean_code(self) -> str:
        return str(self.cleaned_data["code"]).upper()


class SendBackForm(forms.Form):
    """Why the medical lead does not approve a text."""

    note = forms.CharField(
        label=gettext_lazy("What should be otherwise"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Say what should be otherwise.")},
    )


def _count(data: Mapping[str, Any], kind: str) -> int:
    typed = str(data.get(f"{kind}s", ""))
    return min(key_in(typed), ROWS_AT_MOST)


def _shown(step: Mapping[str, Any]) -> dict[str, Any]:
    """A stored step as its row shows it: hours without a sign."""
    return {**step, "hours": abs(step["hours"]) if "hours" in step else None}


def _changed(rows: list[dict[str, Any]], what: str, at: str = "") -> int | None:
    """Change `rows` as pressed and return the row that takes the focus."""
    if what == "add" and len(rows) < ROWS_AT_MOST:
        rows.append({})
        return len(rows) - 1
    if at not in map(str, range(len(rows))):
        return None
    here = int(at)
    if what == "remove":
        del rows[here]
        return min(here, len(rows) - 1) if rows else None
    there = here + {"up": -1, "down": 1}.get(what, 0)
    if 0 <= there < len(rows):
        rows[here], rows[there] = rows[there], rows[here]
        return there
    return here
