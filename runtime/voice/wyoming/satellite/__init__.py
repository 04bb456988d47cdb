"""The appliance as a satellite: a room's microphone and loudspeaker, lent to Home Assistant."""
