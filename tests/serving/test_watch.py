"""Looking again, every so often."""

import threading

from serving.watch import Watch


def test_a_watch_looks_on_after_an_error_until_it_is_stopped() -> None:
    looks: list[int] = []
    thrice = threading.Event()

    def look() -> None:
        looks.append(len(looks))
        if len(looks) == 1:
            raise RuntimeError("a bad moment")
        if len(looks) >= 3:
            thrice.set()

    watch = Watch(look, 0.01)
    watch.start()
    assert thrice.wait(10)
    watch.stop()
    seen = len(looks)
    threading.Event().wait(0.1)
    assert len(looks) == seen
