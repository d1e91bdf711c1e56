"""What the jobs of the tests leave behind. Nothing here is unique: what happens twice is seen twice."""

from django.db import models


class Effect(models.Model):
    """The one thing that a job was for."""

    job_id = models.UUIDField()
    fence = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.job_id} under {self.fence}"


class Step(models.Model):
    """One step of a long job, written before its checkpoint."""

    job_id = models.UUIDField()
    fence = models.IntegerField()
    number = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.job_id} step {self.number} under {self.fence}"


class Turn(models.Model):
    """One turn of the periodic work."""

    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"at {self.at}"
