"""The program a careful person would write by hand for one SES sender, with the SDKs' own classes."""

import pulumi
import pulumi_aws as aws
import pulumi_cloudflare as cloudflare

from providers.smtp.ses_iam import smtp_password

config = pulumi.Config()
zone_name, senders = config.require("zone"), config.require_int("senders")
region = "eu-west-1"
zone = cloudflare.get_zones(name=zone_name).results[0]
smtp = {}

for number in range(senders):
    domain = f"sender{number}.{zone_name}"
    bounce = f"bounce.{domain}"
    configuration_set = aws.sesv2.ConfigurationSet(
        f"{domain}-set",
        configuration_set_name=domain.replace(".", "_"),
        delivery_options={"tls_policy": "OPTIONAL"},
        reputation_options={"reputation_metrics_enabled": True},
        sending_options={"sending_enabled": True},
        suppression_options={"suppressed_reasons": ["BOUNCE", "COMPLAINT"]},
    )
    identity = aws.sesv2.EmailIdentity(
        f"{domain}-identity",
        email_identity=domain,
        configuration_set_name=configuration_set.configuration_set_name,
        dkim_signing_attributes={"next_signing_key_length": "RSA_2048_BIT"},
    )
    tokens = identity.dkim_signing_attributes.tokens
    for index in range(3):
        cloudflare.DnsRecord(
            f"{domain}-dkim-{index}",
            zone_id=zone.id,
            name=pulumi.Output.format("{0}._domainkey.{1}", tokens[index], domain),
            type="CNAME",
            content=pulumi.Output.format("{0}.dkim.amazonses.com", tokens[index]),
            ttl=300,
            proxied=False,
        )
    mx = cloudflare.DnsRecord(
        f"{domain}-mx",
        zone_id=zone.id,
        name=bounce,
        type="MX",
        content=f"feedback-smtp.{region}.amazonses.com",
        priority=10,
        ttl=300,
        proxied=False,
    )
    spf = cloudflare.DnsRecord(
        f"{domain}-spf",
        zone_id=zone.id,
        name=bounce,
        type="TXT",
        content='"v=spf1 include:amazonses.com ~all"',
        ttl=300,
        proxied=False,
    )
    cloudflare.DnsRecord(
        f"{domain}-dmarc",
        zone_id=zone.id,
        name=f"_dmarc.{domain}",
        type="TXT",
        content='"v=DMARC1; p=none"',
        ttl=300,
        proxied=False,
    )
    aws.sesv2.EmailIdentityMailFromAttributes(
        f"{domain}-mail-from",
        email_identity=identity.email_identity,
        mail_from_domain=bounce,
        behavior_on_mx_failure="USE_DEFAULT_VALUE",
        opts=pulumi.ResourceOptions(depends_on=[mx, spf]),
    )
    user = aws.iam.User(f"{domain}-user", name=f"notify{number}@{domain}", path="/mailstack/")
    policy = aws.iam.UserPolicy(
        f"{domain}-policy",
        user=user.name,
        name="send",
        policy=pulumi.Output.json_dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": "ses:SendRawEmail",
                        "Resource": [identity.arn, configuration_set.arn],
                        "Condition": {"StringEquals": {"ses:FromAddress": f"hello@{domain}"}},
                    }
                ],
            }
        ),
    )
    key = aws.iam.AccessKey(f"{domain}-key", user=user.name, opts=pulumi.ResourceOptions(depends_on=[policy]))
    smtp[f"notify{number}"] = {
        "host": f"email-smtp.{region}.amazonaws.com",
        "port": 587,
        "username": key.id,
        "password": key.secret.apply(lambda secret: smtp_password(secret, region)),
    }

pulumi.export("smtp", pulumi.Output.secret(smtp))
