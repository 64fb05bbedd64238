"""A refund's run, begun by a signal, or by an update where somebody ended it (P1)."""

from ordersaga.domain.messages import REFUND_DUE, REFUND_WORKFLOW, RefundStart, refund_workflow_id
from ordersaga.gateways.beginning import Neighbour


def run_of(subject: str) -> Neighbour:
    """The run of a payment that goes back as a whole, or of a refund of a part (`Refund.run`)."""
    return Neighbour(
        workflow=REFUND_WORKFLOW,
        workflow_id=refund_workflow_id(subject),
        start=RefundStart(payment_id=subject),
        signal=REFUND_DUE,
        summary=f"Refund {subject}",
    )
