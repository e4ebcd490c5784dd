from temporalio import activity


def mocks(failures):
    """Two mocks, and the list of what they did."""
    done = []

    @activity.defn(name="flash_device")
    async def flash(device: str) -> str:
        done.append("flash")
        if len(done) <= failures:
            raise RuntimeError("no link to the device")
        return f"{device} flashed"

    @activity.defn(name="roll_back")
    async def roll_back(device: str) -> None:
        done.append("roll back")

    return [flash, roll_back], done


async def test_a_device_is_flashed(run):
    activities, done = mocks(failures=0)
    assert await run(activities) == "flashed"
    assert done == ["flash"]


async def test_four_failures_are_no_failure(run):
    activities, done = mocks(failures=4)
    assert await run(activities) == "flashed"
    assert done == ["flash"] * 5


async def test_the_fifth_failure_rolls_back(run):
    activities, done = mocks(failures=5)
    assert await run(activities) == "rolled back"
    assert done == ["flash"] * 5 + ["roll back"]
