"""Who works which account: segments, expected recovery, prices."""
