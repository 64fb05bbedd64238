"""One experiment on a running stack: customers come while parts break, then calm, then everything is counted."""

import asyncio
import contextlib
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from cli.client import Api
from cli.experiment.books import Books
from cli.experiment.customer import Customer
from cli.experiment.evidence import read_audit, read_books, read_differences
from cli.experiment.faults import Kind
from cli.experiment.goods import shelve
from cli.experiment.journal import Journal, Submission
from cli.experiment.offers import hand_out
from cli.experiment.plan import Plan
from cli.experiment.promises import Broken, judge
from cli.experiment.saboteur import Saboteur
from cli.experiment.watch import FINAL, Watch
from cli.simulator.simulation import Simulation, simulating
from devstack.secrets import load_secrets
from devstack.stack import Stack

_BETWEEN_LOOKS = 1.0
_ONE_CALL = 90.0
_IN_FLIGHT = 128


class Phase(StrEnum):
    STORM = "parts break"
    CALM = "everything is back, customers finish"
    SETTLING = "orders come to their end"
    AUDIT = "the books are read"


class Watcher(Protocol):
    """Is told how the experiment goes."""

    def phase(self, phase: Phase) -> None: ...

    def deed(self, deed: str) -> None: ...

    def orders(self, states: Mapping[str, str]) -> None: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an experiment. `died` counts parts that ended although nobody had killed them."""

    plan: Plan
    books: Books
    journal: Journal
    broken: list[Broken]
    struck: Counter[tuple[str, Kind]] = field(default_factory=Counter)
    died: Counter[str] = field(default_factory=Counter)

    @property
    def good(self) -> bool:
        return not self.broken


class Experiment:
    """`patience` is how many seconds customers, and after them orders, have to come to their end in the calm."""

    def __init__(self, stack: Stack, plan: Plan, watcher: Watcher, *, patience: float = 180.0) -> None:
        self._stack, self._plan, self._watcher, self._patience = stack, plan, watcher, patience
        self._secrets = load_secrets(stack.folder.secrets)
        self._journal = Journal()
        self._mark = f"s{plan.seed}-{secrets.token_hex(2)}"  # a folder may see the same seed again
        self._saboteur = Saboteur(stack, watcher.deed)

    async def run(self) -> Outcome:
        async with self._api() as api, self._beside(api) as watch:
            await shelve(api, self._plan.goods)
            await hand_out(api, self._plan.offers, {f"{self._mark}-{wish.buyer}" for wish in self._plan.wishes})
            self._watcher.phase(Phase.STORM)
            visiting = [
                asyncio.create_task(self._visit(api, watch, number)) for number in range(len(self._plan.wishes))
            ]
            try:
                await self._saboteur.run(self._plan.faults)
                await self._saboteur.calm()
                self._watcher.phase(Phase.CALM)
                await self._finish(api, visiting)
            finally:
                for visit in visiting:
                    visit.cancel()
            self._watcher.phase(Phase.SETTLING)
            books = await self._settled(watch)
            self._watcher.phase(Phase.AUDIT)
            folder = self._stack.folder.root
            books = replace(books, meddled=await read_audit(folder), differing=await read_differences(folder))
            await self._list(api, books)
        return Outcome(
            self._plan, books, self._journal, judge(books, self._journal), self._saboteur.struck, self._saboteur.died
        )

    def _api(self) -> Api:
        return Api(
            self._stack.addresses.api,
            secret=self._secrets.development_secret,
            patience=_ONE_CALL,
            connections=_IN_FLIGHT,
        )

    @contextlib.asynccontextmanager
    async def _beside(self, api: Api) -> AsyncIterator[Watch]:
        """What goes on all the time: parts are kept up, orders are watched, parcels are carried."""
        watch = Watch(api)
        simulation = Simulation(api, carrier_secret=self._secrets.carrier_webhook_secret, step_seconds=0.1)
        async with asyncio.TaskGroup() as group:
            working = [group.create_task(work) for work in (watch.run(), self._saboteur.keep(), self._tell(watch))]
            try:
                async with simulating(simulation):
                    yield watch
            finally:
                for task in working:
                    task.cancel()

    async def _tell(self, watch: Watch) -> None:
        while True:
            self._watcher.orders(watch.states)
            await asyncio.sleep(_BETWEEN_LOOKS)

    async def _visit(self, api: Api, watch: Watch, number: int) -> None:
        wish = self._plan.wishes[number]
        await asyncio.sleep(wish.at)
        await Customer(api, wish, self._journal, watch, mark=self._mark).visit()

    async def _finish(self, api: Api, visiting: list["asyncio.Task[None]"]) -> None:
        """Let customers finish, and ask again for every answer; who is not done in time has been failed."""
        _, late = await asyncio.wait(visiting, timeout=self._patience)
        for visit in visiting:
            if visit.done() and visit.exception() is not None:
                raise visit.exception() or AssertionError
        if late:
            self._journal.failures.append((f"{len(late)} customers", f"were not done {self._patience:.0f} s later"))
        gate = asyncio.Semaphore(16)

        async def again(submission: Submission) -> None:
            async with gate:
                answer = await api.buyer(submission.buyer).ask(
                    "POST", "/v1/orders", {"quote_token": submission.quote_token}, key=submission.key
                )
            self._journal.hears(submission, answer)

        await asyncio.gather(*(again(item) for item in self._journal.submissions if not item.may_come_again))

    async def _settled(self, watch: Watch) -> Books:
        """The books when nothing is left to do, or when patience is over."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        while True:
            if all(state in FINAL for state in watch.states.values()):
                books = await read_books(self._stack.addresses)
                if _at_rest(books) or loop.time() > deadline:
                    return books
            elif loop.time() > deadline:
                return await read_books(self._stack.addresses)
            await asyncio.sleep(_BETWEEN_LOOKS)

    async def _list(self, api: Api, books: Books) -> None:
        for buyer in sorted({order.buyer for order in books.orders} | set(self._journal.answered.values())):
            async for shown in api.buyer(buyer).pages("/v1/orders", limit=200):
                self._journal.listed[shown["order_no"]] = buyer


def _at_rest(books: Books) -> bool:
    done = all(refund.state == "succeeded" for refund in books.refunds)
    return done and not any(books.unfinished.values()) and all(order.state in FINAL for order in books.orders)
