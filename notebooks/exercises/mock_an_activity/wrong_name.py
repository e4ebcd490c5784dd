# gets: the worker got activities named: mock_flash, roll_back. The workflow also runs flash_device
from temporalio import activity


@activity.defn(name="roll_back")
async def mock_roll_back(device: str) -> None:
    pass


@activity.defn
async def mock_flash(device: str) -> str:
    return "flashed"


async def test_a_device_is_flashed(run):
    assert await run([mock_flash, mock_roll_back]) == "flashed"
