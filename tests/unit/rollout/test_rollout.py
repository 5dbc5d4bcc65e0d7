import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from agentrl.episode import Episode, Status, StopReason
from agentrl.errors import ModelError, ServiceDownError, StorageError, TaskError
from agentrl.rollout.job import Job, plan_jobs, unplayed_episode
from agentrl.rollout.rollout import Rollout
from agentrl.suite.spec import RolloutsSpec
from agentrl.task import Task


class FunctionPlayer:
    """Plays a job by asking a function for each try's status."""

    def __init__(self, play: Callable[[Job, int], Status]) -> None:
        self.tries: Counter[str] = Counter()
        self.most_at_once = 0
        self._at_once = 0
        self._play = play

    async def start(self) -> None: ...
    async def close(self) -> None: ...

    def loop_lag(self) -> Sequence[float]:
        return ()

    async def play(self, job: Job) -> Episode:
        self.tries[job.key] += 1
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await asyncio.sleep(0.001)
            status = self._play(job, self.tries[job.key])
        except asyncio.CancelledError:
            status = Status.CANCELLED
        finally:
            self._at_once -= 1
        failed = unplayed_episode(job, "test", ModelError("down"))
        if status is Status.INFRA_FAILED:
            return failed
        return replace(failed, status=status, stop_reason=StopReason.TERMINATED, error=None)


async def no_pause(seconds: float) -> None:
    await asyncio.sleep(0)


def jobs(count: int) -> list[Job]:
    return plan_jobs([Task(f"t{i}", seed=i) for i in range(count)], RolloutsSpec())


def run(
    player: FunctionPlayer, count: int, *, concurrency: int = 4, retries: int = 2
) -> list[Episode]:
    rollout = Rollout(player, concurrency=concurrency, retries=retries, sleep=no_pause)
    episodes: list[Episode] = []
    asyncio.run(rollout.run(jobs(count), episodes.append))
    return episodes


def test_every_job_brings_one_episode() -> None:
    episodes = run(FunctionPlayer(lambda job, tries: Status.OK), 20)

    assert sorted(e.id for e in episodes) == sorted(job.key for job in jobs(20))


def test_no_more_are_under_way_than_allowed() -> None:
    player = FunctionPlayer(lambda job, tries: Status.OK)

    run(player, 20, concurrency=3)

    assert player.most_at_once == 3


def test_only_the_failed_job_is_begun_again() -> None:
    def fails_once(job: Job, tries: int) -> Status:
        return Status.INFRA_FAILED if job.key == "t2#0" and tries == 1 else Status.OK

    player = FunctionPlayer(fails_once)
    episodes = run(player, 5)

    assert {e.status for e in episodes} == {Status.OK}
    assert {e.id: e.tries for e in episodes if e.tries > 1} == {"t2#0": 2}
    assert player.tries["t2#0"] == 2


def test_a_job_that_keeps_failing_is_recorded_as_failed() -> None:
    def one_fails(job: Job, tries: int) -> Status:
        return Status.INFRA_FAILED if job.key == "t2#0" else Status.OK

    episodes = run(FunctionPlayer(one_fails), 5)

    assert {e.id: e.tries for e in episodes if e.status is Status.INFRA_FAILED} == {"t2#0": 3}


@pytest.mark.parametrize("status", [Status.UNSCORED, Status.TRUNCATED])
def test_what_is_no_infrastructure_failure_is_not_begun_again(status: Status) -> None:
    player = FunctionPlayer(lambda job, tries: status)

    run(player, 3)

    assert set(player.tries.values()) == {1}


def test_a_rollout_where_everything_fails_stops_and_says_why() -> None:
    player = FunctionPlayer(lambda job, tries: Status.INFRA_FAILED)

    with pytest.raises(ServiceDownError, match=r"8 failed attempts in a row.*ModelError: down"):
        run(player, 100)

    assert player.tries.total() < 20


def test_an_error_that_concerns_the_run_ends_it_and_records_the_rest_as_cancelled() -> None:
    episodes: list[Episode] = []

    def refuses(job: Job, tries: int) -> Status:
        if job.key == "t0#0":
            raise TaskError("t0 has no question")
        return Status.OK

    rollout = Rollout(FunctionPlayer(refuses), concurrency=4, retries=0)
    with pytest.raises(TaskError, match="t0 has no question"):
        asyncio.run(rollout.run(jobs(50), episodes.append))

    assert len(episodes) <= 8
    assert {e.status for e in episodes} <= {Status.OK, Status.CANCELLED}


def test_a_disk_that_takes_no_episode_ends_the_rollout() -> None:
    def full(episode: Episode) -> None:
        raise StorageError("no room")

    player = FunctionPlayer(lambda job, tries: Status.OK)
    with pytest.raises(StorageError, match="no room"):
        asyncio.run(Rollout(player, concurrency=2, retries=0).run(jobs(50), full))

    assert player.tries.total() <= 4


def test_a_stop_records_what_is_under_way_as_cancelled_and_begins_nothing_more() -> None:
    episodes: list[Episode] = []

    def hold(job: Job, tries: int) -> Status:
        return Status.OK

    async def main() -> None:
        rollout = Rollout(FunctionPlayer(hold), concurrency=3, retries=2)
        running = asyncio.create_task(rollout.run(jobs(30), episodes.append))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        rollout.stop()
        await running

    asyncio.run(main())

    assert [e.status for e in episodes] == [Status.CANCELLED] * 3


def test_a_stop_during_a_pause_keeps_the_failure() -> None:
    episodes: list[Episode] = []

    async def main() -> None:
        paused = asyncio.Event()

        async def pause(seconds: float) -> None:
            paused.set()
            await asyncio.sleep(3600)

        player = FunctionPlayer(lambda job, tries: Status.INFRA_FAILED)
        rollout = Rollout(player, concurrency=1, retries=2, sleep=pause)
        running = asyncio.create_task(rollout.run(jobs(1), episodes.append))
        await paused.wait()
        rollout.stop()
        await running

    asyncio.run(main())

    assert [e.status for e in episodes] == [Status.INFRA_FAILED]


def test_attempts_at_a_task_share_the_worlds_seed_and_differ_in_the_agents() -> None:
    planned = plan_jobs([Task("a"), Task("b")], RolloutsSpec(attempts=2))

    assert [job.key for job in planned] == ["a#0", "a#1", "b#0", "b#1"]
    assert planned[0].seed == planned[1].seed != planned[2].seed
    assert len({job.agent_seed for job in planned}) == 4


def test_the_same_plan_is_made_every_time() -> None:
    tasks = [Task("a"), Task("b", seed=7)]

    assert plan_jobs(tasks, RolloutsSpec(seed=1)) == plan_jobs(tasks, RolloutsSpec(seed=1))
    assert plan_jobs(tasks, RolloutsSpec(seed=1)) != plan_jobs(tasks, RolloutsSpec(seed=2))
