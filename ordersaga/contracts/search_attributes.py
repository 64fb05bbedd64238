"""What operators find runs by in the Temporal UI (R-OPS-1): registered by `ordersaga migrate`, set by API and runs."""

from temporalio.common import SearchAttributeKey

ORDER_NO = SearchAttributeKey.for_keyword("OrderNo")
BUYER = SearchAttributeKey.for_keyword("Buyer")
MERCHANTS = SearchAttributeKey.for_keyword_list("Merchants")
ORDER_TYPE = SearchAttributeKey.for_keyword("OrderType")
ORDER_STATUS = SearchAttributeKey.for_keyword("OrderStatus")
SEARCH_ATTRIBUTES = (ORDER_NO, BUYER, MERCHANTS, ORDER_TYPE, ORDER_STATUS)
