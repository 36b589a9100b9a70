"""What several commands share: options, output, exit codes, access to Stripe and signals."""
