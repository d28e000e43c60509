"""The durable record: who may record, what is recorded, and the store rebuilt from it. The sidecar runs apart."""
