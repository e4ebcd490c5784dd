"""The gate under test, and broken forms of it."""

from datetime import timedelta

from temporalio import workflow

TWO_WEEKS = timedelta(weeks=2)


@workflow.defn
class Gate:
    """Opens when the release team and the site have both approved; gives up after two weeks."""

    def __init__(self) -> None:
        self.approved: set[str] = set()

    @workflow.run
    async def run(self) -> str:
        """Return "open" or "expired"."""
        try:
            await workflow.wait_condition(lambda: self.approved >= {"release", "site"}, timeout=TWO_WEEKS)
        except TimeoutError:
            return "expired"
        return "open"

    @workflow.signal
    def approve(self, team: str) -> None:
        """The team, "release" or "site", approves. Once more changes nothing."""
        self.approved.add(team)

    @workflow.query
    def approvals(self) -> list[str]:
        """Who has approved so far, in alphabetical order."""
        return sorted(self.approved)


@workflow.defn(name="Gate")
class LateLambdas(Gate):
    """Each lambda looks up `team` when it is called: then it is the last one."""

    @workflow.run
    async def run(self) -> str:
        """As above, broken."""
        conditions = []
        for team in ("release", "site"):
            conditions.append(lambda: team in self.approved)  # noqa: B023
        try:
            await workflow.wait_condition(lambda: all(met() for met in conditions), timeout=TWO_WEEKS)
        except TimeoutError:
            return "expired"
        return "open"


@workflow.defn(name="Gate")
class Counts(Gate):
    """Counts signals instead of teams."""

    def __init__(self) -> None:
        super().__init__()
        self.signals = 0

    @workflow.run
    async def run(self) -> str:
        """As above, broken."""
        try:
            await workflow.wait_condition(lambda: self.signals >= 2, timeout=TWO_WEEKS)
        except TimeoutError:
            return "expired"
        return "open"

    @workflow.signal
    def approve(self, team: str) -> None:
        """As above, broken."""
        self.approved.add(team)
        self.signals += 1


@workflow.defn(name="Gate")
class OneOrder(Gate):
    """Hears the site only when the release team was there before."""

    @workflow.run
    async def run(self) -> str:
        """As above."""
        return await super().run()

    @workflow.signal
    def approve(self, team: str) -> None:
        """As above, broken."""
        if team == "release" or "release" in self.approved:
            self.approved.add(team)


@workflow.defn(name="Gate")
class OneWeek(Gate):
    """Half the time."""

    @workflow.run
    async def run(self) -> str:
        """As above, broken."""
        try:
            await workflow.wait_condition(lambda: self.approved >= {"release", "site"}, timeout=TWO_WEEKS / 2)
        except TimeoutError:
            return "expired"
        return "open"


@workflow.defn(name="Gate")
class OpensAtTheEnd(Gate):
    """Fails open."""

    @workflow.run
    async def run(self) -> str:
        """As above, broken."""
        await super().run()
        return "open"


RIGHT = {"the right gate": Gate}
BROKEN = {
    "a gate that opens as soon as the site has approved, without the release team": LateLambdas,
    "a gate that takes two approvals by one team for both teams'": Counts,
    "a gate that forgets the site's approval if it comes before the release team's": OneOrder,
    "a gate that gives up after one week": OneWeek,
    "a gate that opens after two weeks with nobody's approval": OpensAtTheEnd,
}
