"""Human data looked at before they judge anything: what there is, whether it is whole, what it looks like."""
