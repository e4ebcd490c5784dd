# gets: - a workflow that returns "rolled back" and never runs roll_back
from temporalio import activity


@activity.defn(name="roll_back")
async def mock_roll_back(device: str) -> None:
    pass


@activity.defn(name="flash_device")
async def fails_twice(device: str) -> str:
    if activity.info().attempt < 3:
        raise RuntimeError("no link")
    return "flashed"


@activity.defn(name="flash_device")
async def fails(device: str) -> str:
    raise RuntimeError("no link")


async def test_retries(run):
    assert await run([fails_twice, mock_roll_back]) == "flashed"


async def test_gives_up(run):
    assert await run([fails, mock_roll_back]) == "rolled back"
