"""What whoever looks after the appliance asks for, besides models: keys for others, and the lines of the log."""
