"""Progress goes from one thread to listeners on event loops."""

import asyncio
import threading
import time

from bellrock.progress import Progress, Step


def test_the_lag_is_how_long_the_newest_line_had_waited() -> None:
    assert Step(1, 5, 1_000, 3_500).lag_seconds == 2.5
    assert Step(1, 5, 4_000, 3_500).lag_seconds == 0
    assert Step(0, 0, None, 0).lag_seconds == 0
    assert Step(1, 5, 1_000, None).lag_seconds is None


def test_where_others_fold_no_lag_is_known_before_the_first_step_either() -> None:
    assert Progress().step.lag_seconds == 0
    assert Progress(knows_lag=False).step.lag_seconds is None


def test_every_listener_hears_of_a_step_from_another_thread() -> None:
    progress = Progress()

    async def listen() -> list[Step]:
        engine = threading.Timer(0.05, progress.advance, (7, 1_000, 2_000))
        engine.start()
        return await asyncio.gather(*(progress.after(0, 5) for _ in range(3)))

    assert asyncio.run(listen()) == [Step(1, 7, 1_000, 2_000)] * 3


def test_a_step_that_is_there_already_is_told_at_once() -> None:
    progress = Progress()
    progress.advance(1, 1, 1)
    progress.advance(2, 2, 2)
    assert asyncio.run(progress.after(0, 0)).position == 2


def test_a_listener_that_waits_for_a_later_step_sleeps_through_the_ones_before() -> None:
    progress = Progress()

    async def listen() -> Step:
        for step in range(1, 4):
            threading.Timer(0.02 * step, progress.advance, (step, step, step)).start()
        return await progress.after(2, 5)

    assert asyncio.run(listen()).number == 3


def test_without_a_step_the_wait_ends_in_time_and_leaves_nothing_behind() -> None:
    progress = Progress()
    started = time.monotonic()
    assert asyncio.run(progress.after(0, 0.05)).number == 0
    assert time.monotonic() - started < 2
    # The loop of that listener is closed: telling it would raise.
    progress.advance(1, 1, 1)


def test_closing_lets_every_listener_go_now_and_later() -> None:
    progress = Progress()

    async def listen() -> None:
        threading.Timer(0.05, progress.close).start()
        await asyncio.gather(*(progress.after(0, 60) for _ in range(3)))
        await progress.after(0, 60)

    started = time.monotonic()
    asyncio.run(listen())
    assert time.monotonic() - started < 5
    assert progress.closed
