# gets: - a workflow that gives up and rolls back after one failed attempt
from temporalio import activity


@activity.defn(name="roll_back")
async def mock_roll_back(device: str) -> None:
    pass


@activity.defn(name="flash_device")
async def mock_flash(device: str) -> str:
    return "flashed"


async def test_a_device_is_flashed(run):
    assert await run([mock_flash, mock_roll_back]) == "flashed"
