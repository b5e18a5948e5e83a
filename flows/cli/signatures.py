"""Requests for signatures, and signatures on record, as they are printed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from domain.ids import short
from flows.cli.output import print_table, say, show

if TYPE_CHECKING:
    from tasks.stages.month_end import Frozen
    from tasks.stages.signing import SignatureOnRecord, SigningRequest


def show_request(request: SigningRequest, rule: str, *, as_json: bool) -> None:
    """The request's name, and how it is approved."""
    if as_json:
        show({"request": request.digest, "versions": request.versions, "effects": request.effects}, (), as_json=True)
        return
    if not request.versions:
        say("Every version is signed" if not rule else f"Every version of {rule} is signed")
        return
    of = f" --rule {rule}" if rule else ""
    say(f"Request {short(request.digest)}. To approve exactly this, somebody other than the proposer runs")
    say(f"  recoup sign --proposer NAME --by NAME{of} --seen {short(request.digest)}")


def signature_row(one: SignatureOnRecord) -> dict[str, str]:
    signed, taken = one.signed, one.signed.withdrawn
    return {
        "rule": f"{signed.kind.value.replace('_', ' ')} {signed.id}",
        "from": str(signed.content.get("valid_from", "")),
        "version": short(signed.rule),
        "proposer": signed.proposer,
        "approved by": signed.signer,
        "on": signed.recorded_at.strftime("%Y-%m-%d %H:%M"),
        "was shown": short(signed.request) if signed.request else "nothing",
        "withdrawn": f"{taken.recorded_at:%Y-%m-%d %H:%M} by {taken.by}: {taken.reason}" if taken else "",
    }


def void_row(frozen: Frozen) -> dict[str, str]:
    batch = frozen.batch
    return {"batch": short(batch.batch_id), "kind": batch.kind.value, "of": batch.scope, "month": str(batch.period),
            "was": frozen.state.phase.value}  # fmt: skip


def print_shown(console: Console, found: Sequence[SignatureOnRecord]) -> None:
    """What was kept of each request: the fields of its rules, the totals of the month, and the payouts that differ."""
    shown = {one.shown.request: one.shown for one in found if one.shown}
    for request in shown.values():
        named = "named on approving" if request.was_named else "printed on approving, not named"
        console.print()
        console.print(Text(f"Request {short(request.request)}, {named}", style="bold"))
        _print_request(console, request.content, {one.signed.id for one in found})


def _print_request(console: Console, content: Mapping[str, Any], rules: Collection[str]) -> None:
    mine = [change for change in content["changes"] if change["id"] in rules]
    for change in mine:
        console.print(f"  {change['kind'].replace('_', ' ')} {change['id']}: {change['what']}", highlight=False)
        for field in change["fields"]:
            console.print(Text(f"    {field['field']}  {field['old']} → {field['new']}"), soft_wrap=True)
    others = len(content["changes"]) - len(mine)
    if others:
        say(f"  and {others} {'version' if others == 1 else 'versions'} of other rules in the same request")
    for month in content["months"]:
        _print_month(month)
    for without in content["without"]:
        say(f"  {without['period']}{': ' if without['period'] else ''}{without['reason']}")


def _print_month(month: Mapping[str, Any]) -> None:
    say(f"  {month['period']}, night of {month['night']}: {month['differing']:,} figures differed, "
        f"{month['equal']:,} were equal")  # fmt: skip
    for one in month["as_if"]:
        say(f"  {one['rule']} {one['what']}: measured as if it did so before")
    for one in month["not_read"]:
        say(f"  Incomplete: {one}")
    totals = [
        {
            "figures": f"{total['kind']} {total['name']}",
            "grain": total["grain"] or "",
            "currency": total["currency"],
            "differed": total["differing"],
            "raised": total["raised"],
            "lowered": total["lowered"],
            "old": _number(total["old"]),
            "new": _number(total["new"]),
        }
        for total in month["totals"]
    ]
    print_table("What differed", totals)
    pay = [
        {
            "department": line["scope"],
            "payee": line["payee"],
            "currency": line["currency"],
            "old": _number(line["old"]),
            "new": _number(line["new"]),
            "through": ", ".join(line["why"]),
        }
        for line in month["pay"]
    ]
    print_table("Pay that differed", pay)


def _number(text: str | None) -> str:
    return "" if text is None else f"{Decimal(text):,f}"
