"""Which instance a request gets, and how an update goes on or back; fleets in this process, a clock that is turned."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from local_aws.sagemaker.endpoints.errors import NotServing, VariantNotFound
from local_aws.sagemaker.endpoints.fleet import Deployed, FleetFailed
from local_aws.sagemaker.endpoints.live import MOST_WAITING, LiveEndpoint
from local_aws.sagemaker.endpoints.rollout import RolledBack, replace
from tests.waiting import PATIENCE_SECONDS, wait_until


class FleetInProcess:
    """A fleet with one instance, which can be away."""

    def __init__(self, name: str, server: str | None, weight: float = 1.0) -> None:
        self.spec = SimpleNamespace(name=name, serverless_max_concurrency=None)
        self.weight, self.desired = weight, 1
        self.instance = SimpleNamespace(server=server, in_flight=0)

    @property
    def healthy(self) -> int:
        return int(self.instance.server is not None)

    def pick(self) -> Any:
        if self.instance.server is None:
            return None
        self.instance.in_flight += 1
        return self.instance

    def release(self, instance: Any) -> None:
        instance.in_flight -= 1


@dataclass(frozen=True, eq=False)
class Configuration(Deployed):
    """A deployed configuration that notes what is done with it."""

    done: list[str] = field(default_factory=list)
    starts: bool = True

    def start(self) -> None:
        if not self.starts:
            raise FleetFailed("it did not pass the ping health check")
        self.done.append("started")

    def close(self, drain_seconds: float = 0.0) -> None:
        self.done.append("closed")


def configuration(name: str, starts: bool = True, **servers: str | None) -> Configuration:
    fleets: Any = {variant: FleetInProcess(variant, server) for variant, server in servers.items()}
    return Configuration(name, fleets, None, starts=starts)


def draws() -> Callable[[], float]:
    """Every hundredth between 0 and 1 in turn, as chance would have it in the long run."""
    numbers = count()
    return lambda: next(numbers) * 37 % 100 / 100


def serving(*, blue: Configuration) -> LiveEndpoint:
    live = LiveEndpoint("ep", draws())
    live.serve(blue)
    return live


def asked(live: LiveEndpoint, target: str | None = None) -> Any:
    with live.lease(target) as lease:
        return lease.model_server


def shares(live: LiveEndpoint) -> Counter[Any]:
    return Counter(asked(live) for _ in range(100))


def test_variants_are_chosen_by_weight_and_one_without_weight_only_on_request() -> None:
    blue = configuration("c", a="A", b="B", c="C")
    for name, weight in {"a": 3.0, "b": 1.0, "c": 0.0}.items():
        blue.fleets[name].weight = weight
    live = serving(blue=blue)
    assert shares(live) == {"A": 75, "B": 25}
    assert asked(live, "c") == "C"
    with pytest.raises(VariantNotFound):
        asked(live, "d")


def test_a_share_of_the_traffic_goes_to_the_configuration_that_comes() -> None:
    live = serving(blue=configuration("old", v="A"))
    live.shift(configuration("new", v="B"), 0.1)
    assert shares(live) == {"A": 90, "B": 10}


def test_what_the_new_configuration_cannot_answer_the_old_one_does() -> None:
    live = serving(blue=configuration("old", v="A", gone="G"))
    live.shift(configuration("new", v=None), 1.0)
    assert (asked(live), asked(live, "gone")) == ("A", "G")


@pytest.fixture
def patient_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local_aws.sagemaker.endpoints.live.WAIT_FOR_INSTANCE_SECONDS", PATIENCE_SECONDS)


@pytest.mark.usefixtures("patient_requests")
def test_a_request_waits_for_the_instance_that_comes_back() -> None:
    blue = configuration("c", v=None)
    live = serving(blue=blue)
    answers: list[Any] = []
    waiting = threading.Thread(target=lambda: answers.append(asked(live)))
    waiting.start()
    with live.condition:
        blue.fleets["v"].instance.server = "A"  # type: ignore[attr-defined]
        live.condition.notify_all()
    waiting.join(PATIENCE_SECONDS)
    assert answers == ["A"]


@pytest.mark.usefixtures("patient_requests")
def test_no_more_requests_wait_than_the_server_has_threads_to_spare_and_none_at_a_closed_endpoint() -> None:
    live = serving(blue=configuration("c", v=None))
    ended: list[Any] = []

    def ask() -> None:
        try:
            ended.append(asked(live))
        except NotServing as error:
            ended.append(error.status)

    threads = [threading.Thread(target=ask) for _ in range(MOST_WAITING + 3)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(ended) >= 3, lambda: f"three to be refused, not {ended}")
    assert ended == ["InService"] * 3
    live.close()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert ended == ["InService"] * (MOST_WAITING + 3)


class Passing:
    """Time that passes when it is waited for; `at` is called at every look."""

    def __init__(self, at: Callable[[float], None] = lambda _seconds: None) -> None:
        self.seconds = 0.0
        self._at = at

    def wait(self, seconds: float) -> None:
        self.seconds += seconds
        self._at(self.seconds)

    def clock(self) -> float:
        return self.seconds


def deployment(kind: str = "CANARY", **policy: Any) -> dict[str, Any]:
    size = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}[kind]
    routing = {"Type": kind, "WaitIntervalInSeconds": 60, size: {"Type": "CAPACITY_PERCENT", "Value": 10}}
    alarms = {"Alarms": [{"AlarmName": "5xx"}]}
    update = {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": 30, **policy}
    return {"BlueGreenUpdatePolicy": update, "AutoRollbackConfiguration": alarms}


@pytest.fixture
def colours() -> Iterator[tuple[LiveEndpoint, Configuration, Configuration]]:
    blue = configuration("old", v="A")
    yield serving(blue=blue), blue, configuration("new", v="B")


def test_an_update_goes_on_step_by_step_and_ends_the_old_fleets_last(
    colours: tuple[LiveEndpoint, Configuration, Configuration],
) -> None:
    live, blue, green = colours
    seen: dict[float, int] = {}

    def look(seconds: float) -> None:
        if seconds % 10 == 0:
            seen[seconds] = shares(live)["B"]
            assert blue.done == []

    time = Passing(look)
    replace(live, green, deployment(), lambda _name: "OK", time.wait, time.clock)
    assert seen == {**dict.fromkeys((10, 20, 30, 40, 50, 60), 10), **dict.fromkeys((70, 80, 90), 100)}
    assert (green.done, blue.done, live.serving) == (["started"], ["closed"], green)


@pytest.mark.parametrize("goes_off_at", [0.0, 20.0, 80.0])
def test_an_alarm_at_any_time_brings_all_traffic_back(
    colours: tuple[LiveEndpoint, Configuration, Configuration], goes_off_at: float
) -> None:
    live, blue, green = colours
    time = Passing()

    def state(_name: str) -> str:
        return "ALARM" if time.seconds >= goes_off_at else "INSUFFICIENT_DATA"

    with pytest.raises(RolledBack, match="ALARM state: 5xx"):
        replace(live, green, deployment(), state, time.wait, time.clock)
    assert (time.seconds, shares(live)) == (goes_off_at, {"A": 100})
    assert (green.done, blue.done, live.serving) == (["started", "closed"], [], blue)


def test_an_alarm_that_is_on_already_moves_no_traffic(
    colours: tuple[LiveEndpoint, Configuration, Configuration], monkeypatch: pytest.MonkeyPatch
) -> None:
    live, _, green = colours
    given: list[float] = []
    monkeypatch.setattr(live, "shift", lambda _deployed, share: given.append(share))
    with pytest.raises(RolledBack):
        replace(live, green, deployment(), lambda _name: "ALARM", Passing().wait)
    assert given == [0.0]


def test_an_update_that_takes_longer_than_it_may_goes_back(
    colours: tuple[LiveEndpoint, Configuration, Configuration],
) -> None:
    live, blue, green = colours
    time = Passing()
    slow = deployment("LINEAR", MaximumExecutionTimeoutInSeconds=600)
    # waits take twice as long as they should
    with pytest.raises(RolledBack, match="longer than MaximumExecutionTimeoutInSeconds, 600"):
        replace(live, green, slow, lambda _name: "OK", lambda seconds: time.wait(2 * seconds), time.clock)
    assert (green.done[-1], live.serving, shares(live)) == ("closed", blue, {"A": 100})


def test_a_new_fleet_that_does_not_come_up_gets_no_traffic() -> None:
    blue = configuration("old", v="A")
    live = serving(blue=blue)
    with pytest.raises(RolledBack, match="ping health check"):
        replace(live, configuration("new", starts=False, v="B"), None, lambda _name: "OK", Passing().wait)
    assert (shares(live), blue.done) == ({"A": 100}, [])
