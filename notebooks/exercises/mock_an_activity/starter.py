from temporalio import activity

from exercises.mock_an_activity.support import flash_device


@activity.defn(name="roll_back")
async def mock_roll_back(device: str) -> None:
    pass


# Mocks of flash_device: one that works, and ones that fail. Then tests with them.


async def test_a_device_is_flashed(run):
    result = await run([flash_device, mock_roll_back])
    assert result == "flashed"
