"""What a hostile user tried."""


def test_hostile_nothing_yet():
    pass
