"""Stripe at its HTTP boundary: a local server with bodies as Stripe's, and webhooks signed as Stripe signs them.

It holds what tests ask it to hold and answers what the library asks for, in the shapes of the API version that the
library is pinned to. Nothing in the code under test knows of it but the address.
"""

import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

SECRET = "whsec_of_the_tests"
MONTH = 30 * 24 * 3600


class StripeService:
    """What Stripe holds, and what it was asked."""

    def __init__(self) -> None:
        self.checkouts: dict[str, dict[str, Any]] = {}
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.invoices: dict[str, dict[str, Any]] = {}
        self.customers: set[str] = set()
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.declines = False
        self.away = False
        self.url = ""
        self._numbers = count(1)

    # What a viewer or time does there ------------------------------------------------------------------------

    def pay(self, checkout_id: str, *, at: int | None = None) -> str:
        """Somebody pays on the page of Checkout; → the subscription's id."""
        at = at or int(time.time())
        checkout = self.checkouts[checkout_id]
        number, customer = next(self._numbers), checkout["customer"] or f"cus_{next(self._numbers):08d}"
        asked = checkout["asked"]
        self.customers.add(customer)
        reference = f"sub_{number:08d}"
        self.subscriptions[reference] = {
            "id": reference,
            "object": "subscription",
            "status": "active",
            "customer": customer,
            "cancel_at": None,
            "cancel_at_period_end": False,
            "currency": asked["line_items[0][price_data][currency]"],
            "metadata": {
                "subscription": asked["subscription_data[metadata][subscription]"],
                "plan": asked["subscription_data[metadata][plan]"],
            },
            "items": {
                "object": "list",
                "data": [
                    {
                        "id": f"si_{number:08d}",
                        "object": "subscription_item",
                        "current_period_start": at,
                        "current_period_end": at + MONTH,
                        "price": {"unit_amount": int(asked["line_items[0][price_data][unit_amount]"])},
                    }
                ],
            },
        }
        checkout |= {
            "status": "complete",
            "payment_status": "paid",
            "subscription": reference,
            "customer": customer,
        }
        self.bill(reference, at=at)
        return reference

    def bill(self, reference: str, *, at: int | None = None, status: str = "paid") -> str:
        """An invoice of the subscription's price; → its id."""
        held = self.subscriptions[reference]
        at, number = at or int(time.time()), next(self._numbers)
        item, invoice_id = held["items"]["data"][0], f"in_{number:08d}"
        amount = item["price"]["unit_amount"]
        self.invoices[invoice_id] = {
            "id": invoice_id,
            "object": "invoice",
            "number": f"ABCD-{number:04d}",
            "status": status,
            "currency": held["currency"],
            "total": amount,
            "amount_due": amount,
            "created": at,
            "customer": held["customer"],
            "hosted_invoice_url": f"https://invoice.stripe.com/i/{invoice_id}",
            "parent": {"type": "subscription_details", "subscription_details": {"subscription": reference}},
            "lines": {
                "object": "list",
                "data": [
                    {
                        "id": f"il_{number:08d}",
                        "object": "line_item",
                        "amount": amount,
                        "description": "1 x Family",
                        "period": {"start": item["current_period_start"], "end": item["current_period_end"]},
                    }
                ],
            },
        }
        return invoice_id

    def roll(self, reference: str) -> None:
        """A period passes."""
        item = self.subscriptions[reference]["items"]["data"][0]
        item["current_period_start"] = item["current_period_end"]
        item["current_period_end"] += MONTH

    def event(self, kind: str, held: dict[str, Any], *, number: int | None = None) -> bytes:
        """An event's body, about an object as it is (or was) at this moment."""
        body = {
            "id": f"evt_{number or next(self._numbers):08d}",
            "object": "event",
            "api_version": "2026-10-28.endive",
            "created": int(time.time()),
            "livemode": False,
            "type": kind,
            "data": {"object": json.loads(json.dumps(held))},
        }
        return json.dumps(body, indent=2).encode()

    # HTTP ----------------------------------------------------------------------------------------------------

    def answer(self, method: str, path: str, given: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """One request of the library."""
        self.asked.append((method, path, given))
        if self.away:
            return 500, {"error": {"type": "api_error", "message": "The service is away."}}
        if (method, path) == ("POST", "/v1/checkout/sessions"):
            return 200, self._checkout(given)
        if (method, path) == ("POST", "/v1/billing_portal/sessions"):
            return 200, {"id": "bps_1", "object": "billing_portal.session", "url": f"{self.url}/portal/1"}
        if (method, path) == ("POST", "/v1/invoices/create_preview"):
            return 200, self._preview(given)
        found = re.fullmatch(r"/v1/(checkout/sessions|subscriptions|invoices|customers)/(\w+)", path)
        if found is None:
            return 404, _error("resource_missing", f"Unrecognized request URL ({method}: {path}).")
        shelf: Any = {
            "checkout/sessions": self.checkouts,
            "subscriptions": self.subscriptions,
            "invoices": self.invoices,
            "customers": self.customers,
        }[found[1]]
        if found[2] not in shelf:
            return 404, _error("resource_missing", f"No such {found[1]}: '{found[2]}'")
        if found[1] == "customers":
            self.customers.discard(found[2])
            return 200, {"id": found[2], "object": "customer", "deleted": True}
        held = shelf[found[2]]
        if found[1] == "subscriptions" and method == "POST":
            return self._update(held, given)
        if found[1] == "subscriptions" and method == "DELETE":
            held["status"] = "canceled"
        return 200, held

    def _checkout(self, given: dict[str, str]) -> dict[str, Any]:
        checkout_id = f"cs_test_{next(self._numbers):08d}"
        self.checkouts[checkout_id] = {
            "id": checkout_id,
            "object": "checkout.session",
            "mode": given["mode"],
            "status": "open",
            "payment_status": "unpaid",
            "subscription": None,
            "customer": given.get("customer"),
            "client_reference_id": given["client_reference_id"],
            "url": f"{self.url}/pay/{checkout_id}",
            "asked": given,
        }
        return self.checkouts[checkout_id]

    def _update(self, held: dict[str, Any], given: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if self.declines and given.get("proration_behavior") == "always_invoice":
            error = {"type": "card_error", "code": "card_declined", "message": "Your card was declined."}
            return 402, {"error": error}
        if "cancel_at_period_end" in given:
            held["cancel_at_period_end"] = given["cancel_at_period_end"] == "true"
        if "items[0][price_data][unit_amount]" in given:
            held["items"]["data"][0]["price"] = {
                "unit_amount": int(given["items[0][price_data][unit_amount]"])
            }
        if "metadata[plan]" in given:
            held["metadata"] |= {"plan": given["metadata[plan]"]}
        return 200, held

    def _preview(self, given: dict[str, str]) -> dict[str, Any]:
        new = int(given["subscription_details[items][0][price_data][unit_amount]"])
        old = self.subscriptions[given["subscription"]]["items"]["data"][0]["price"]["unit_amount"]
        lines = [
            {"object": "line_item", "amount": -old, "description": "Unused time"},
            {"object": "line_item", "amount": new, "description": "Remaining time"},
        ]
        return {"object": "invoice", "amount_due": new - old, "lines": {"object": "list", "data": lines}}


def signature(payload: bytes, *, secret: str = SECRET, at: int | None = None) -> str:
    """The header that Stripe sends with an event."""
    at = at or int(time.time())
    digest = hmac.new(secret.encode(), f"{at}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


@contextmanager
def running() -> Iterator[StripeService]:
    """The service on a free port of loopback."""
    service = StripeService()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            given = dict(parse_qsl(self.rfile.read(length).decode(), keep_blank_values=True))
            assert (self.headers["Authorization"] or "").startswith("Bearer sk_test_")
            status, body = service.answer(self.command, urlsplit(self.path).path, given)
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_DELETE = _answer

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"type": "invalid_request_error", "code": code, "message": message}}
