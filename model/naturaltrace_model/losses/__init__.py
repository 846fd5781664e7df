"""The losses of the two stages. The paper's equations are not public: this is our formulation (docs/decisions)."""
