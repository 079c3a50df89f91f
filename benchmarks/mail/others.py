"""What others make of the same sink in the same run: smtp-source (C), smtplib, and django-newsletter as a peer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.mail.servers import Sink
from tests.servers import program

__all__ = ["django_newsletter", "smtp_source", "smtplib"]


def smtp_source(sink: Sink, count: int, size: int, sessions: int, *, port: int = 0) -> float:
    """Mails a second, connections reused, by the yardstick of Postfix's own authors. No DKIM, no reader's own bytes."""
    before, begun = sink.count, time.perf_counter()
    place = f"127.0.0.1:{port or sink.port}"
    counts = ["-s", str(sessions), "-m", str(count), "-l", str(size)]
    command = [program("smtp-source"), "-d", *counts, "-f", "b@paper.example", "-t", "r@reader.example", place]
    subprocess.run(command, check=True, capture_output=True, timeout=900)
    return count / (sink.wait(before + count) - begun)


# One mail made before, sent again and again: smtplib's own share and nothing else.
SMTPLIB = """
import smtplib, socket, ssl, sys, threading, time
port, count, size, threads, tls = map(int, sys.argv[1:])
line = b"x" * 74 + b"\\r\\n"
mail = b"From: news@paper.example\\r\\nSubject: one\\r\\n\\r\\n" + line * (size // len(line))
context = ssl._create_unverified_context()
def session(share):
    peer = smtplib.SMTP_SSL("127.0.0.1", port, context=context) if tls else smtplib.SMTP("127.0.0.1", port)
    peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for number in range(share):
        peer.sendmail("b@paper.example", [f"r{number}@reader.example"], mail)
    peer.quit()
workers = [threading.Thread(target=session, args=(count // threads,)) for _ in range(threads)]
begun = time.perf_counter()
[worker.start() for worker in workers]
[worker.join() for worker in workers]
print(count // threads * threads / (time.perf_counter() - begun))
"""


def smtplib(port: int, count: int, size: int, threads: int, *, tls: bool = False) -> float:
    """Mails a second by Python's own client, so many connections, a thread for each."""
    given = [str(port), str(count), str(size), str(threads), str(int(tls))]
    done = subprocess.run(
        [sys.executable, "-c", SMTPLIB, *given], capture_output=True, text=True, timeout=900, check=True
    )
    return float(done.stdout)


DJANGO = """
import json, sys, time
port, count, size, file = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="benchmark", USE_TZ=True, SITE_ID=1, ROOT_URLCONF="newsletter.urls", DEBUG=False, STATIC_URL="/static/",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": file}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=["django.contrib.sites", "django.contrib.auth", "django.contrib.contenttypes",
                    "sorl.thumbnail", "newsletter"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_HOST="127.0.0.1", EMAIL_PORT=port,
    NEWSLETTER_THUMBNAIL="sorl-thumbnail", NEWSLETTER_EMAIL_DELAY=0, NEWSLETTER_BATCH_DELAY=0,
    NEWSLETTER_BATCH_SIZE=0,
)
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from newsletter.models import Article, Message, Newsletter, Submission, Subscription
letter = Newsletter.objects.create(
    title="The Day", slug="day", email="news@paper.example", sender="The Paper", send_html=True)
message = Message.objects.create(title="Today", slug="today", newsletter=letter)
words = "harbour council ferry market budget "
for number in range(30):
    text = (words * 200)[: size // 60]
    Article.objects.create(post=message, title=f"Article {number}", text=text, sortorder=number)
Subscription.objects.bulk_create([
    Subscription(newsletter=letter, name_field=f"Reader {number}", email_field=f"r{number}@reader.example",
                 subscribed=True) for number in range(count)])
submission = Submission.from_message(message)
submission.prepared = True
submission.save()
submission.subscriptions.set(Subscription.objects.all())
begun = time.perf_counter()
submission.submit()
print(json.dumps({"per_s": count / (time.perf_counter() - begun)}))
"""


def django_newsletter(sink: Sink, place: Path, count: int, size: int) -> dict[str, Any]:
    """Mails a second of the peer (no DKIM, no ledger) into the same sink, counted there."""
    where = peers.environment("django-newsletter", "sorl-thumbnail")
    if where is None:
        return {"peer": "django-newsletter could not be installed"}
    before = sink.count
    given = [str(sink.port), str(count), str(size), str(place / "django.db")]
    done = subprocess.run(
        [str(where / "python"), "-W", "ignore", "-c", DJANGO, *given],
        capture_output=True, text=True, timeout=600, cwd=place, env={**os.environ, "PYTHONPATH": ""},
    )  # fmt: skip
    if done.returncode:
        return {"peer": f"django-newsletter failed: {done.stderr.strip().splitlines()[-1:]}"}
    arrived = sink.count - before
    if arrived != count:
        return {"peer": f"django-newsletter sent {arrived} of {count} mails"}
    return {"django_newsletter_per_s": round(json.loads(done.stdout.splitlines()[-1])["per_s"], 1)}
