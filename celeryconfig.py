"""Celery's settings: values only. The broker's address comes from distributor's own settings.

A message is a bell: it says "look at the ledger", and may be lost, late or doubled. So: acknowledged early, no
results, no retries, no ETA, a short life.
"""

from datetime import timedelta

from kombu import Queue

task_serializer = "json"
accept_content = ["json"]
task_ignore_result = True
task_store_errors_even_if_ignored = False
enable_utc = True
timezone = "UTC"

task_queues = [Queue(name, durable=True) for name in ("watch", "post", "mail")]
task_default_queue = "watch"
task_create_missing_queues = False
task_routes = {
    "distributor.tasks.publishing.*": {"queue": "watch"},
    "distributor.tasks.upkeep.*": {"queue": "watch"},
    "distributor.tasks.signals.*": {"queue": "watch"},
    "distributor.tasks.digests.mail": {"queue": "mail"},
    "distributor.tasks.digests.build": {"queue": "watch"},
    "distributor.tasks.delivery.*": {"queue": "post"},
}

# The sweep finds what a lost bell would have told, so a publisher never waits long for a broker.
task_publish_retry = True
task_publish_retry_policy = {"max_retries": 3, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.4}
broker_connection_retry_on_startup = True
broker_connection_timeout = 4
broker_transport_options = {"socket_timeout": 30, "socket_connect_timeout": 4, "confirm_publish": True}
broker_pool_limit = 10

worker_prefetch_multiplier = 1
worker_soft_shutdown_timeout = 30
worker_enable_soft_shutdown_on_idle = True
worker_hijack_root_logger = False
worker_redirect_stdouts = False
worker_send_task_events = False
worker_cancel_long_running_tasks_on_connection_loss = False
task_soft_time_limit = 90
task_time_limit = 120
# A drain's turn is 60 s, and the post it ends with may take its channel's whole deadline.
task_annotations = {
    "distributor.tasks.delivery.drain": {"soft_time_limit": 270, "time_limit": 300},
    # A relay may take 13 minutes over one letter (RFC 5321 4.5.3.2); every wait has a deadline of its own.
    "distributor.tasks.digests.mail": {"soft_time_limit": 7200, "time_limit": 7260},
}

# Beat only rings; two of them ring twice, which is harmless. An old bell is worth nothing.
beat_schedule = {
    "collect": {
        "task": "distributor.tasks.publishing.collect",
        "schedule": timedelta(seconds=1),
        "options": {"expires": 5},
    },
    "sweep": {
        "task": "distributor.tasks.delivery.sweep",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 10},
    },
    "digests": {
        "task": "distributor.tasks.digests.build",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 10},
    },
    "rank": {
        "task": "distributor.tasks.upkeep.rank",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "measure": {
        "task": "distributor.tasks.signals.measure",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "listen": {
        "task": "distributor.tasks.signals.listen",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "bounces": {
        "task": "distributor.tasks.upkeep.bounces",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "retain": {
        "task": "distributor.tasks.upkeep.retain",
        "schedule": timedelta(hours=1),
        "options": {"expires": 600},
    },
    "canary": {
        "task": "distributor.tasks.upkeep.canary",
        "schedule": timedelta(seconds=10),
        "options": {"expires": 10},
    },
}
# It keeps no file: a bell that rings once more after a restart is harmless.
beat_scheduler = "celery.beat:Scheduler"
