"""What proves that playback does not break: the stage, its network, and what is made of what was seen."""
