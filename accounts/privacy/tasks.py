"""The jobs of copies and erasures, and who looks after them."""

from datetime import timedelta

from accounts.billing import forgetting
from accounts.privacy import classes, erasing, exporting
from netflixlite import personal
from netflixlite.jobs import services as jobs

personal.register("payments", export=forgetting.export, erase=erasing.erase_payments)
personal.register("accounts", classes=classes.CLASSES, export=exporting.export, erase=erasing.erase)
jobs.register(exporting.KIND)(exporting.make)
jobs.register(erasing.KIND)(erasing.carry_out)
jobs.register_periodic("accounts.tend_exports", timedelta(minutes=5))(exporting.tend)
jobs.register_periodic("accounts.tend_erasures", timedelta(minutes=5))(erasing.tend)
