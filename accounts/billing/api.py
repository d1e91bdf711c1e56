"""`/api/v1/subscription`: what the account has, and what it could have. Choosing is done on the site's own pages."""

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import doors, services
from accounts.api.asking import user_id_of
from accounts.types import Plan, Subscription


class PlanOutput(serializers.Serializer[Plan]):
    """A plan. `price` is in minor units (cents) of `currency` for each `period`; `max_height` null: no limit."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    about = serializers.CharField(allow_blank=True)
    streams = serializers.IntegerField()
    max_height = serializers.IntegerField(allow_null=True)
    downloads = serializers.IntegerField()
    price = serializers.IntegerField()
    currency = serializers.CharField()
    period = serializers.ChoiceField(choices=["month", "year"])


class SubscriptionOutput(serializers.Serializer[Subscription]):
    """A subscription that is not over."""

    state = serializers.ChoiceField(choices=["pending", "active", "past_due", "cancelled"])
    plan = serializers.CharField()
    price = serializers.IntegerField()
    currency = serializers.CharField()
    period = serializers.ChoiceField(choices=["month", "year"])
    period_end = serializers.DateTimeField(allow_null=True)
    grace_until = serializers.DateTimeField(allow_null=True)
    next_plan = serializers.CharField(allow_blank=True)


class StandingOutput(serializers.Serializer[Plan]):
    """What holds now, the subscription it comes from (null: none), what is on offer, and the page to choose on."""

    plan = PlanOutput()
    may_watch = serializers.BooleanField()
    subscription = SubscriptionOutput(allow_null=True)
    offers = PlanOutput(many=True)
    page = serializers.CharField(allow_null=True)


class SubscriptionDetail(APIView):
    """The plan and subscription of who is signed in."""

    permission_classes = [doors.IsGrownUp]

    @extend_schema(operation_id="subscription_retrieve", responses=StandingOutput)
    def get(self, request: Request) -> Response:
        """As it stands now."""
        user_id = user_id_of(request)
        plan, offers = services.plan(user_id), services.plans_on_offer()
        mine = services.subscription(user_id)
        return Response(
            {
                "plan": PlanOutput(plan).data,
                "may_watch": plan.may_watch,
                "subscription": SubscriptionOutput(mine).data if mine else None,
                "offers": [PlanOutput(one).data for one in offers],
                "page": reverse("plans") if offers else None,
            }
        )
