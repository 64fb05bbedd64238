"""The worker process: workflows and activities put together and tuned."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import timedelta
from importlib import import_module
from typing import Any

import structlog
from temporalio.client import Client
from temporalio.worker import PollerBehaviorSimpleMaximum, UnsandboxedWorkflowRunner, Worker, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.after_sales.cases import AfterSales as AfterSalesRecord
from activities.digital import DigitalGoods
from activities.entitlements import Entitlements
from activities.fulfilment import Fulfilment as FulfilmentRecord
from activities.group import Groups
from activities.limits import Limits
from activities.offers import Offers
from activities.order import OrderRecord
from activities.order_change import OrderChanges
from activities.payment import Payments
from activities.reconciliation import Reconciliation as ReconciliationLooks
from activities.refund import Refunds
from activities.stock import Stock
from activities.telling import Telling
from ordersaga.domain.lifecycle.registry import ORDER_TYPES
from ordersaga.gateways.attachments.store import store_at
from ordersaga.gateways.entitlements.provider import EntitlementProvider
from ordersaga.gateways.entitlements.sandbox import SandboxEntitlements
from ordersaga.gateways.loops import end
from ordersaga.gateways.payment.registry import PaymentProviders
from ordersaga.gateways.runs import OpenRuns
from ordersaga.gateways.scraping import Scraping
from ordersaga.gateways.temporal import connect
from ordersaga.persistence.database import Database
from ordersaga.settings import Settings
from worker.attachments import ForgottenAttachments
from worker.backlog import Backlog
from worker.campaigns import EndedCampaigns
from worker.checkpoints import Checkpointing
from worker.delivery import Delivery
from worker.downstream import tell_downstream
from worker.gates import refresh_gates
from worker.groups import OverdueGroups
from worker.inquiry import Inquiry
from worker.observation import Observation
from worker.reconciliation import keep_schedule
from worker.refusals import Refusals
from workflows.after_sales import AfterSales
from workflows.fulfilment import Fulfilment
from workflows.group import Group
from workflows.reconciliation import Reconciliation
from workflows.refund import Refund

log = structlog.get_logger()

NEIGHBOURS = (Fulfilment, Refund, Group, AfterSales, Reconciliation)
"""The runs that stand beside those of orders."""
# Rules and contracts are pure and the same for every run: loading them anew for each one costs hundreds of times more.
PASSED_THROUGH = ("ordersaga.domain", "ordersaga.contracts")

DRAIN = timedelta(seconds=30)
"""As long as a step may take: what is under way at a stop is finished here, not broken off and done again."""


def workflow_runner(settings: Settings) -> WorkflowRunner:
    if not settings.sandboxed_workflows:
        return UnsandboxedWorkflowRunner()
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))


def workflows() -> list[type]:
    """The workflow of every order type that is registered, and the runs beside them."""
    kinds = ORDER_TYPES.values()
    return [*(getattr(import_module(kind.workflow_module), kind.workflow) for kind in kinds), *NEIGHBOURS]


def build_worker(
    client: Client,
    settings: Settings,
    database: Database,
    providers: PaymentProviders,
    entitlements: EntitlementProvider | None = None,
) -> Worker:
    """A worker for every workflow and activity of the project."""
    order, stock, offers = OrderRecord(database), Stock(database), Offers(database)
    payment, fulfilment = Payments(database, providers), FulfilmentRecord(database)
    refund, limits = Refunds(database, providers, settings.inquiry_pace), Limits(database)
    digital, entitling = DigitalGoods(database), Entitlements(database, entitlements)
    order_change, telling = OrderChanges(database), Telling(client)
    group, after_sales = Groups(database), AfterSalesRecord(database, settings.policies_of("exchange"))
    looks = ReconciliationLooks(
        database, OpenRuns(client, settings.task_queue), providers, settings.reconciliation.patience
    )
    return Worker(
        client,
        task_queue=settings.task_queue,
        workflows=workflows(),
        activities=[
            order.record,
            order.refuse,
            order.move,
            order.remind,
            stock.reserve,
            stock.deduct,
            stock.release,
            stock.ship,
            limits.hold,
            limits.give_back,
            offers.hold,
            offers.use,
            offers.give_back,
            payment.settle,
            payment.close_attempts,
            order_change.apply,
            fulfilment.split,
            fulfilment.advance,
            fulfilment.resolve,
            fulfilment.list,
            telling.tell_order,
            refund.request,
            refund.give_money_back,
            refund.count_unfinished,
            refund.send,
            refund.settle,
            refund.ask,
            refund.decide,
            group.take_seat,
            group.pay_seat,
            group.leave_seat,
            group.decide,
            after_sales.take_up,
            after_sales.act,
            after_sales.remind,
            after_sales.end_order,
            digital.hold,
            digital.deliver,
            digital.begin_return,
            digital.end_return,
            digital.release,
            entitling.grant,
            entitling.revoke,
            looks.checks,
            looks.look,
        ],
        workflow_runner=workflow_runner(settings),
        interceptors=[Observation(), Refusals()],
        graceful_shutdown_timeout=DRAIN,
        max_concurrent_workflow_tasks=settings.worker.workflow_task_slots,
        max_concurrent_activities=settings.worker.activity_slots,
        max_concurrent_local_activities=settings.worker.local_activity_slots or settings.database_pool_size,
        workflow_task_poller_behavior=PollerBehaviorSimpleMaximum(settings.worker.workflow_task_pollers),
        activity_task_poller_behavior=PollerBehaviorSimpleMaximum(settings.worker.activity_pollers),
    )


async def serve(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then finish what is under way."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    database = Database(
        settings.database_driver_url, audit_keys=settings.audit.ring(), pool_size=settings.database_pool_size
    )
    secret = settings.sandbox.payment_secret
    providers = PaymentProviders.build(
        public_url=settings.public_url,
        sandbox_secret=secret.get_secret_value() if secret else None,
        sandbox_url=settings.sandbox.internal_url,
    )
    sandbox_url = settings.sandbox.internal_url or settings.public_url
    entitlements = SandboxEntitlements(secret=secret.get_secret_value(), url=sandbox_url) if secret else None
    client = await connect(compression=settings.temporal_compression)
    loops = (
        Delivery(database, client, task_queue=settings.task_queue).run(),
        Inquiry(database, providers, settings.inquiry_pace).run(),
        Checkpointing(database, settings.audit.ring(), interval=settings.audit.checkpoint_seconds).run(),
        EndedCampaigns(database, grace=timedelta(seconds=settings.placing_deadline_seconds)).run(),
        OverdueGroups(database, client, task_queue=settings.task_queue).run(),
        ForgottenAttachments(database, store_at(settings.attachments.folder, database.engine)).run(),
        tell_downstream(settings, database),
        refresh_gates(settings, database),
    )
    await keep_schedule(
        client, task_queue=settings.task_queue, interval=settings.reconciliation.interval_seconds or None
    )
    scraping = Scraping(Backlog(database, client).refresh)
    try:
        async with (
            beside(*loops, ended=stopped.set),
            scraping.listening(settings.metrics_host, settings.metrics_port),
            build_worker(client, settings, database, providers, entitlements),
        ):
            log.info("the worker is running", task_queue=settings.task_queue)
            await stopped.wait()
            scraping.draining = True
            log.info("the worker finishes what is under way")
    finally:
        await providers.aclose()
        if entitlements is not None:
            await entitlements.aclose()
        await database.close()


@contextlib.asynccontextmanager
async def beside(*loops: Coroutine[Any, Any, None], ended: Callable[[], None]) -> AsyncIterator[None]:
    """Run loops that never end until the block does. `ended` is told of one that did; its error ends the process.

    A worker with a loop missing looks well and is not: whoever watches over it starts a whole one.
    """
    tasks = [asyncio.create_task(loop) for loop in loops]
    for task in tasks:
        task.add_done_callback(lambda _: ended())
    try:
        yield
    finally:
        broken = [task for task in tasks if task.done()]
        await end(tasks)
        for task in broken:
            task.result()
