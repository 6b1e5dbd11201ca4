"""What every object can do, written once: reading, writing, walking, settling."""
