"""What claims may ask for, one statistic per file, by the name that a claim's file calls it."""

from typing import Any

from percepnet.ablation.claims.measures.absent import Absent
from percepnet.ablation.claims.measures.association import Association
from percepnet.ablation.claims.measures.contrast import ContrastOf
from percepnet.ablation.claims.measures.depth import Depth
from percepnet.ablation.claims.measures.spread import Spread
from percepnet.ablation.claims.measures.trade_off import TradeOff
from percepnet.ablation.claims.measures.versus import Versus

STATISTICS: dict[str, type[Any]] = {
    "versus": Versus,
    "contrast": ContrastOf,
    "association": Association,
    "profile": Depth,
    "spread": Spread,
    "trade_off": TradeOff,
    "absent": Absent,
}

__all__ = ["STATISTICS"]
