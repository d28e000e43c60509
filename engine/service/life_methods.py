"""Every method that changes an order, in one table."""

from engine.service.change_order import CHANGE
from engine.service.declines import DECLINE
from engine.service.order_changes import CANCEL, HOLD, RELEASE
from engine.service.pickup_changes import COLLECT, READY
from engine.service.reassign import REASSIGN
from engine.service.returns import CREATE, RECEIVE, REFUND
from engine.service.shipment_changes import ACCEPT, DELIVER, SHIP

ORDER_METHODS = (HOLD, RELEASE, CHANGE, CANCEL, ACCEPT, DECLINE, SHIP, READY, COLLECT, DELIVER, CREATE, RECEIVE, REFUND)
"""Methods of OrderService."""

SOURCING_METHODS = (REASSIGN,)
"""Methods of SourcingService."""
