"""Invented names: common family and given names put together by chance; a likeness to anybody is accidental."""

from __future__ import annotations

from adapters.demo.draws import Draws

VIETNAMESE_FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Phan", "Vũ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương")
VIETNAMESE_MIDDLE = ("Văn", "Thị", "Minh", "Ngọc", "Thanh", "Quang", "Hữu", "Thu", "Đức", "Kim", "Gia")
VIETNAMESE_GIVEN = ("An", "Bình", "Châu", "Dũng", "Giang", "Hà", "Hùng", "Khánh", "Lan", "Linh", "Mai", "Nam", "Oanh")
CHINESE_FAMILY = ("王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡")
CHINESE_FIRST = ("明", "晓", "文", "志", "春", "海", "丽", "建", "秀", "国", "雅")
CHINESE_SECOND = ("华", "芳", "伟", "强", "敏", "静", "军", "梅", "平", "燕", "涛", "玲", "辉")

_PARTS = {
    "VN": ((VIETNAMESE_FAMILY, VIETNAMESE_MIDDLE, VIETNAMESE_GIVEN), " "),
    "CN": ((CHINESE_FAMILY, CHINESE_FIRST, CHINESE_SECOND), ""),
}


def person_name(jurisdiction: str, key: int, draws: Draws) -> str:
    parts, joint = _PARTS[jurisdiction]
    return joint.join(part[draws.number(f"name {index}", key, below=len(part))] for index, part in enumerate(parts))


def person_name_sql(jurisdiction: str, key: str, draws: Draws) -> str:
    """The same in SQL, for a whole table."""
    parts, joint = _PARTS[jurisdiction]
    picks = (f"{list(part)}[1 + {draws.sql(f'name {index}', key, len(part))}]" for index, part in enumerate(parts))
    return f" || '{joint}' || ".join(picks)
