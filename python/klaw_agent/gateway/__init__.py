"""What the agent does with Ray on behalf of its client: objects, actors, tasks, streams and queues by number."""
