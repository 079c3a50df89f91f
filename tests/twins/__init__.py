"""Twins: small servers on loopback that stand in for a network, check what we send and remember what they took.

In a test: `with TelegramTwin() as twin: ...`. As processes of their own, for campaigns and benchmarks:
`python -m tests.twins.telegram --port 8081 --log effects.jsonl` (one JSON line for each effect).
"""
