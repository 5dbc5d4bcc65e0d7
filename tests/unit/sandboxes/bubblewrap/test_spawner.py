import threading

import pytest

from agentrl.sandboxes.bubblewrap.spawner import spawn

DEATH_SIGNAL = (
    "import ctypes, time; ctypes.CDLL(None).prctl(1, 9, 0, 0, 0); print('set', flush=True); "
    "time.sleep(60)"
)


def test_a_process_lives_on_when_the_thread_that_asked_for_it_ends() -> None:
    started = []

    def begin() -> None:
        process = spawn(["python3", "-c", DEATH_SIGNAL], stdout=-1)
        assert process.stdout is not None
        assert process.stdout.readline() == b"set\n"
        started.append(process)

    thread = threading.Thread(target=begin)
    thread.start()
    thread.join()

    (process,) = started
    with process:
        assert process.poll() is None
        process.kill()


def test_a_program_that_is_not_there_is_told_to_who_asked() -> None:
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        spawn(["no-such-program"])
