"""Memory of one backtest, in a process of its own: `python -m benches.memory QUOTES` prints the bytes as JSON.

What counts is the largest resident set while our code holds and runs the data, above what was resident when only the
input columns were there. It is sampled every two milliseconds.
"""

import gc
import json
import sys
import threading

import psutil

from benches.measures_engine import backtest, columns, rules


class Peak(threading.Thread):
    """Watches the resident set of this process until it is told to stop."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process()
        self._done = threading.Event()
        self.bytes = self._process.memory_info().rss

    def run(self) -> None:
        """Sample until stopped."""
        while not self._done.wait(0.002):
            self.bytes = max(self.bytes, self._process.memory_info().rss)

    def stop(self) -> int:
        """Stop, and return the largest resident set."""
        self._done.set()
        self.join()
        return max(self.bytes, self._process.memory_info().rss)


def main() -> None:
    import tickwright as tw

    count = int(sys.argv[1])
    tw.backtest(rules("ema_cross"), tw.feeds.table(columns(1_000), symbol="BENCH"))  # everything is imported now
    source = columns(count)
    gc.collect()
    before = psutil.Process().memory_info().rss
    peak = Peak()
    peak.start()
    data = tw.feeds.table(source, symbol="BENCH")
    result = backtest(rules("ema_cross"), data)
    after = psutil.Process().memory_info().rss
    largest = peak.stop()
    print(
        json.dumps(
            {
                "quotes": result.meta["events"],
                "input_bytes": sum(column.nbytes for column in source.values()),
                "data_bytes": data.heap_bytes,
                "held_bytes": after - before,
                "peak_bytes": largest - before,
            }
        )
    )


if __name__ == "__main__":
    main()
