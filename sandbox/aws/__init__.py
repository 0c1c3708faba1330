"""The sandbox's AWS: SES of its own, IAM, STS and Route 53 from moto, one door with keys and policies before them."""
