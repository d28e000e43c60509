"""Every method that changes an order, in one table."""

from engine.service.declines import DECLINE
from engine.service.order_changes import CANCEL, HOLD, RELEASE
from engine.service.shipment_changes import ACCEPT, DELIVER, SHIP

ORDER_METHODS = (HOLD, RELEASE, CANCEL, ACCEPT, DECLINE, SHIP, DELIVER)
