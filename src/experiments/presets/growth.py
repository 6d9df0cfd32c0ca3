"""Makes growth.csv, the tasks of the preset "table": heights of sixty made-up plants, each measured on some days.

A plant grows as a logistic curve, A / (1 + exp(-(day - middle) / pace)), with its own A, middle and pace; a measurement
is off by a normal error of 1.5 cm. Every tenth plant was lost early and has few measurements.

    python3 growth.py > growth.csv
"""

import math
import random

random.seed(1)
print('task,x (day),"y (height, cm)"')
for number in range(60):
    height, middle, pace = random.uniform(60, 180), random.uniform(15, 35), random.uniform(3, 8)
    lost = number % 10 == 9
    days = sorted(random.sample(range(61), 5 if lost else random.randint(13, 18)))
    for day in days:
        grown = height / (1 + math.exp(-(day - middle) / pace))
        print(f"plant {number + 1},{day},{max(grown + random.gauss(0, 1.5), 0):.1f}")
