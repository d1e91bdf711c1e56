"""The arithmetic of recommendations: arrays in, arrays out. No Django, no clock, no database; numpy alone serves."""
