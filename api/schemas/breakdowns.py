"""What a case gives back, line by line, and what is withheld and why (R-REV-8)."""

from pydantic import Field

from api.schemas.values import MoneyView, Response


class WithheldView(Response):
    reason: str
    amount: MoneyView = Field(description="less than zero where what was withheld before comes back now")
    source: str
    code: str
    line_no: int | None


class LineBackView(Response):
    """What was paid for the units of a line, in all of its tenders."""

    line_no: int
    quantity: int
    goods: MoneyView
    shipping: MoneyView
    points: MoneyView = Field(description="what points had paid")


class BreakdownView(Response):
    """Σ `lines` - Σ `withheld` = `money` + `points_value`."""

    lines: list[LineBackView]
    withheld: list[WithheldView]
    money: MoneyView = Field(description="what goes back to how it was paid")
    points: int = Field(description="what goes back to the buyer's points")
    points_value: MoneyView = Field(description="what those points are worth")
    earned_points: int = Field(description="earned with these goods, and taken back")
    nothing_stays: bool = Field(description="whether nothing paid for is left: then coupons come back by their rules")
