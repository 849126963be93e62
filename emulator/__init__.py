"""An ECS endpoint for the life cycle of elastic network interfaces, in memory, on the loopback interface."""
