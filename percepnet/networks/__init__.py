"""Networks: goal x dataset x arch -> checkpoint -> module, taps and preprocessing."""
