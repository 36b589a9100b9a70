"""What an address gets, and that one that fails holds nothing up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import stripe

from app.db.store import Store
from app.notices.notice_loop import NoticeLoop
from app.notices.notice_watch import Notice
from app.notices.notice_webhook import NoticeNotPosted, post_notice
from app.settings import Settings
from tests.helpers.mail_server import MailServer
from tests.helpers.scripted_server import answering, told
from tests.helpers.study_world import account, queued, send, sender, study

SECRET = "a secret that both know"
NOTICE = Notice("batch_ended", "Invites for “Pricing”: 3 sent.", 1_000, {"run": 7})


def body(asked: str) -> tuple[dict[str, str], str]:
    head, _, content = asked.partition("\r\n\r\n")
    lines = (line.partition(": ") for line in head.split("\r\n")[1:])
    return {name.casefold(): value for name, _, value in lines}, content


def test_the_json_is_signed_as_stripe_signs(tmp_path: Path) -> None:
    with answering(told({})) as server:
        post_notice(
            Settings(tmp_path, notice_url=server.url, notice_secret=SECRET),
            NOTICE,
        )
    headers, content = body(server.asked[0])
    assert json.loads(content) == {
        "type": "batch_ended", "text": NOTICE.text, "at": 1_000, "run": 7
    }  # fmt: skip
    signed: Any = stripe.WebhookSignature
    assert signed.verify_header(content, headers["panelist-signature"], SECRET, tolerance=60)
    with pytest.raises(stripe.SignatureVerificationError):
        signed.verify_header(content, headers["panelist-signature"], "another", tolerance=60)


def test_slack_gets_a_text(tmp_path: Path) -> None:
    with answering(told({})) as server:
        post_notice(Settings(tmp_path, notice_url=server.url, notice_format="slack"), NOTICE)
    headers, content = body(server.asked[0])
    assert json.loads(content) == {"text": NOTICE.text}
    assert "panelist-signature" not in headers


def test_without_an_address_nothing_is_posted(tmp_path: Path) -> None:
    post_notice(Settings(tmp_path), NOTICE)


def test_an_answer_that_is_no_success_is_a_sentence_without_the_address(tmp_path: Path) -> None:
    with answering(told({}, 404)) as server, pytest.raises(NoticeNotPosted) as caught:
        post_notice(Settings(tmp_path, notice_url=f"{server.url}/s3cret"), NOTICE)
    assert str(caught.value) == (
        "The address of PANELIST_NOTICE_URL responded with 404. The notice was not posted."
    )
    with pytest.raises(NoticeNotPosted) as caught:  # no one listens any more
        post_notice(Settings(tmp_path, notice_url=f"{server.url}/s3cret"), NOTICE)
    assert "s3cret" not in str(caught.value)
    assert "connection refused" in str(caught.value)


def test_a_command_posts_what_it_did_before_it_ends(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    here = account(store, 2)
    queued(store, study(store, here))
    with MailServer() as mail, answering(told({}, 500), told({})) as server:
        settings = Settings(tmp_path, smtp_server=mail.url, notice_url=server.url)
        store.execute("UPDATE run SET server = NULL")  # which this computer sends for
        shown: list[Notice] = []
        with NoticeLoop(store, settings, shown.append, every=60.0):
            send(sender(store, here, tmp_path, mail.url))
    assert [one.kind for one in shown] == ["batch_ended"]
    assert len(server.asked) == 1
    assert "responded with 500" in caplog.text
